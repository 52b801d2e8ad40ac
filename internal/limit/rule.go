package limit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// Rule allows so much per period.
type Rule struct {
	Name   string        // a word for headers, metrics and keys: it is no secret and nobody's name
	Limit  int64         // per Period; 0 = the rule allows everything, and is not asked
	Period time.Duration // whole microseconds, a day at most
	Burst  int64         // how much of it may come at once; 0 = Limit
}

// Most is the largest Limit and Burst, and the most that may be taken at once: sums of such
// stay exact.
const Most = 10_000_000

// Time is counted in microseconds, which a number of Redis' scripts holds exactly for the next
// two hundred years.
const tick = time.Microsecond

// Valid says what is wrong with a rule.
func (r Rule) Valid() error {
	switch {
	case r.Limit < 0 || r.Limit > Most || r.Burst < 0 || r.Burst > Most:
		return fmt.Errorf("rule %s: want 0 to %d", r.Name, Most)
	case r.Limit > 0 && (r.Period < tick || r.Period > 24*time.Hour):
		return fmt.Errorf("rule %s: want a period of a day at most", r.Name)
	}
	return nil
}

// cost is the time that makes up for n. It is rounded down, so that all of a burst, taken one
// by one, fits into its time; below 0 for what is given back.
func (r Rule) cost(n int64) int64 { return n * int64(r.Period/tick) / r.Limit }

// room is how much time may be owed.
func (r Rule) room() int64 { return r.cost(r.burst()) }

func (r Rule) burst() int64 { return cmp.Or(r.Burst, r.Limit) }

// wait is how long a cost has to wait when so much is owed; 0 = it passes. The script in
// redis.go does the same.
func (r Rule) wait(owed, cost int64) int64 {
	room := r.room()
	switch {
	case cost <= 0:
		return 0
	case cost > room:
		return owed
	}
	return max(owed+cost-room, 0)
}

// State is how a rule stands after it was asked.
type State struct {
	Rule
	Part string        // that was asked for
	Wait time.Duration // until as much as was asked for would pass; 0 = it passes now
	owed int64
}

// Remaining is how much would pass now.
func (s State) Remaining() int64 {
	return max((s.room()-s.owed)*s.Limit/int64(s.Period/tick), 0)
}

// Full is the time until nothing is owed any more.
func (s State) Full() time.Duration { return time.Duration(s.owed) * tick }

// Quota is how much passes at once when nothing is owed.
func (s State) Quota() int64 { return s.burst() }

// Answer is what became of a Take.
type Answer struct {
	OK     bool
	States []State // of the rules that have a limit, in the order in which they were asked
}

// Wait is how long whoever was refused has to wait; 0 = he was not.
func (a Answer) Wait() (most time.Duration) {
	for _, s := range a.States {
		most = max(most, s.Wait)
	}
	return most
}

// Take is how much is asked for by one rule.
type Take struct {
	Rule
	Part string // of the key, such as one of a site's tokens; "" = all of it
	N    int64  // 0 takes nothing and looks how the rule stands; Most at most
}

// Key is whose limits are asked for. It holds a digest of the name: neither a secret nor an
// address nor a number of anybody is to be read in memory or in Redis.
type Key struct{ kind, digest string }

// Of makes the key of somebody: kind is a word of the program, such as site, name is his.
// Keys of one kind are kept together: however many there are of one, they push none of
// another out of memory.
func Of(kind, name string) Key { return Key{kind, digest(kind, name)} }

// Address makes the key of an address, by its Network.
func Address(a netip.Addr) Key { return Of("address", Network(a).String()) }

// Network is what stands for an address: whoever has one of IPv6 usually has all of its /64.
func Network(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	return a
}

func digest(kind, name string) string {
	sum := sha256.Sum256([]byte("creditmsg limit\n" + kind + "\n" + name))
	return hex.EncodeToString(sum[:16])
}

// name is where the state of a rule is kept. What stands in braces decides the node of a
// cluster: everything of one key is on one. Another limit begins anew: whoever raises one does
// it because what was taken so far was too much for it.
func (k Key) name(t Take) string {
	out := "creditmsg:limit:{" + k.kind + ":" + k.digest + "}:" + t.Name + "=" + strconv.FormatInt(t.Limit, 10)
	if t.Part != "" {
		out += ":" + digest(t.Name, t.Part)
	}
	return out
}
