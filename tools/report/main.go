// Command report reads the events of `go test -json` and tells their story: one line
// for each package as it ends, the output of what failed and nothing of what passed,
// and at the end the counts. The whole output goes to the file named by -log.
//
// It exits with 1 when anything failed, and also when nothing ran: silence is not
// success. Lines that are no events are passed on as they are. Reading order:
// main.go, run.go.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	log := flag.String("log", "test.log", "file for the whole output")
	flag.Parse()
	file, err := os.Create(*log)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := newRun(file, *log)
	err = report(os.Stdin, os.Stdout, r, terminal(os.Stdout))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !r.good() {
		os.Exit(1)
	}
}

// report reads events until the end of in and writes the story to out. On a terminal
// the last line always shows what is going on.
func report(in io.Reader, out io.Writer, r *run, live bool) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	shown := time.Time{}
	for lines.Scan() {
		text := ""
		var e event
		if line := lines.Bytes(); len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
			text = lines.Text() + "\n"
		} else {
			text = r.take(e)
		}
		if live && (text != "" || time.Since(shown) > 200*time.Millisecond) {
			shown = time.Now()
			text = "\r\x1b[K" + text + r.status()
		}
		if _, err := io.WriteString(out, text); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the events of go test: %w", err)
	}
	text := r.end()
	if live {
		text = "\r\x1b[K" + text
	}
	_, err := io.WriteString(out, text)
	return err
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
