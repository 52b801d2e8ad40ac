package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is one measurement.
type sample struct {
	units int64
	took  time.Duration
	cpu   time.Duration // of this process and the local database's; 0 = not known
	rss   int64         // the most that this process held meanwhile, in bytes
	bytes int64         // that the database grew by
}

func (s sample) rate() float64 { return float64(s.units) / s.took.Seconds() }

// cpuEach is the processor time of one unit in µs.
func (s sample) cpuEach() float64 {
	return float64(s.cpu.Microseconds()) / float64(max(s.units, 1))
}

// measure times work and meters what it costs. The units are the caller's to count.
func (a *arena) measure(ctx context.Context, work func(ctx context.Context) error) (sample, error) {
	debug.FreeOSMemory() // what the preparations needed is not this round's
	size, err := a.engine.size(ctx, a.url)
	if err != nil {
		return sample{}, fmt.Errorf("ask for the size of the database: %w", err)
	}
	forgetPeak()
	before := cpuTime(a.engine.processes())
	start := time.Now()
	if err := work(ctx); err != nil {
		return sample{}, err
	}
	took := time.Since(start)
	out := sample{took: took, cpu: cpuTime(a.engine.processes()) - before, rss: peakMemory()}
	grown, err := a.engine.size(ctx, a.url)
	out.bytes = grown - size
	return out, err
}

// clockTick is the unit of times in /proc on every Linux there is.
const clockTick = 10 * time.Millisecond

// cpuTime is what this process, and those of a database, have used so far.
func cpuTime(database []int) time.Duration {
	var own syscall.Rusage
	sum := time.Duration(0)
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		sum = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	}
	for _, pid := range database {
		if p, ok := readProcess(pid); ok {
			sum += p.used
		}
	}
	return sum
}

// process is a line of /proc.
type process struct {
	parent int
	used   time.Duration // of itself and of children that ended
}

func readProcess(pid int) (process, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	end := bytes.LastIndexByte(text, ')') // the name before it may hold anything
	if err != nil || end < 0 {
		return process{}, false
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 15 {
		return process{}, false
	}
	var p process
	p.parent, _ = strconv.Atoi(fields[1])
	for _, ticks := range fields[11:15] { // utime, stime, cutime, cstime
		n, _ := strconv.ParseInt(ticks, 10, 64)
		p.used += time.Duration(n) * clockTick
	}
	return p, true
}

// busyTime is what all processors of the machine have worked so far, and what they could
// have. Both are 0 where the kernel does not tell.
func busyTime() (busy, all time.Duration) {
	text, _ := os.ReadFile("/proc/stat") // what is not there says nothing
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal …
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0
	}
	for i, ticks := range fields[1:9] {
		n, _ := strconv.ParseInt(ticks, 10, 64)
		all += time.Duration(n) * clockTick
		if i != 3 && i != 4 {
			busy += time.Duration(n) * clockTick
		}
	}
	return busy, all
}

// family is a process and its children.
func family(parent int) []int {
	all := []int{parent}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, s := range stats {
		pid, _ := strconv.Atoi(strings.Split(s, "/")[2])
		if p, ok := readProcess(pid); ok && p.parent == parent {
			all = append(all, pid)
		}
	}
	return all
}

// isProcess reports whether a process of this machine has one of these names.
func isProcess(pid int, names ...string) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return false
	}
	for _, n := range names {
		if strings.HasPrefix(string(text), n) {
			return true
		}
	}
	return false
}

// forgetPeak makes the kernel measure the greatest memory anew. Where it cannot, the
// peak is that of the whole run.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMemory is the greatest resident memory of this process since forgetPeak.
func peakMemory() int64 {
	if kib, ok := field("/proc/self/status", "VmHWM"); ok {
		n, _ := strconv.ParseInt(strings.TrimSuffix(kib, " kB"), 10, 64)
		return n << 10
	}
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) != nil {
		return 0
	}
	return own.Maxrss << 10
}

// field gives the value of the first line of a file that begins with a name and a colon.
func field(path, name string) (string, bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// machine says what the figures were measured on.
func machine() string {
	text := fmt.Sprintf("%d processors", runtime.NumCPU())
	if model, ok := field("/proc/cpuinfo", "model name"); ok {
		text = fmt.Sprintf("%d × %s", runtime.NumCPU(), model)
	}
	if kib, ok := field("/proc/meminfo", "MemTotal"); ok {
		n, _ := strconv.ParseInt(strings.TrimSuffix(kib, " kB"), 10, 64)
		text += fmt.Sprintf(", %d GiB", (n+1<<19)>>20)
	}
	return fmt.Sprintf("%s, %s/%s, %s", text, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
