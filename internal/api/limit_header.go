package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/limit"
)

// Replies tell how the limits stand in two families of headers: RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers), with all limits that were asked, and X-RateLimit-*
// with the tightest, as Laravel has them. Without a limit there are none.

var limitHeaderNames = []string{"RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}

// policy is how one limit stands, as it is shown.
type policy struct {
	name        string
	unit        string // "" = requests
	quota, left int64
	window      time.Duration
	full        time.Duration // until all of it is there again
	wait        time.Duration // until what was refused would pass; 0 = nothing was
}

func unitOf(name string) string {
	if strings.Contains(name, "recipients") {
		return "recipients"
	}
	return ""
}

// show notes how limits stand.
func (x *exchange) show(states []limit.State) {
	if len(states) == 0 {
		return
	}
	for _, s := range states {
		x.put(policy{name: s.Name, unit: unitOf(s.Name), quota: s.Quota(), left: s.Remaining(), window: s.Period, full: s.Full(), wait: s.Wait})
	}
	x.write()
}

// showDay notes how the site's day stands.
func (x *exchange) showDay(d credit.DayStanding, refused bool) {
	p := policy{name: dayRecipients, unit: unitOf(dayRecipients), quota: d.Limit, left: max(d.Limit-d.Used, 0), window: 24 * time.Hour, full: d.Rest}
	if refused {
		p.wait = d.Rest
	}
	x.put(p)
	x.write()
}

// unshow takes back what was shown of limits, before they are asked anew.
func (x *exchange) unshow(names ...string) {
	before := len(x.policies)
	x.policies = slices.DeleteFunc(x.policies, func(p policy) bool { return slices.Contains(names, p.name) })
	if len(x.policies) < before {
		x.write()
	}
}

// put replaces what was noted of the same limit.
func (x *exchange) put(p policy) {
	if i := slices.IndexFunc(x.policies, func(q policy) bool { return q.name == p.name }); i >= 0 {
		x.policies[i] = p
		return
	}
	x.policies = append(x.policies, p)
}

// write writes the headers. If something was refused, they are of the limits that did.
func (x *exchange) write() {
	if len(x.policies) == 0 {
		for _, name := range limitHeaderNames {
			x.header.Del(name)
		}
		return
	}
	var all, now []string
	refused := slices.ContainsFunc(x.policies, func(p policy) bool { return p.wait > 0 })
	tightest := x.policies[0]
	for _, p := range x.policies {
		all = append(all, p.declared())
		if refused && p.wait == 0 {
			continue // its time is none that the client should wait for
		}
		now = append(now, fmt.Sprintf(`"%s";r=%d;t=%d`, p.name, p.left, inSeconds(p.until())))
		if p.tighter(tightest) {
			tightest = p
		}
	}
	x.header.Set("RateLimit-Policy", strings.Join(all, ", "))
	x.header.Set("RateLimit", strings.Join(now, ", "))
	x.header.Set("X-RateLimit-Limit", strconv.FormatInt(tightest.quota, 10))
	x.header.Set("X-RateLimit-Remaining", strconv.FormatInt(tightest.left, 10))
	x.header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(tightest.until()).Add(time.Second-1).Unix(), 10))
}

// until is when to come again after a refusal, and otherwise when all of it is there again.
func (p policy) until() time.Duration {
	if p.wait > 0 {
		return p.wait
	}
	return p.full
}

// tighter reports whether a client has to mind this limit before another one: it makes him wait
// longer, or leaves the smaller part of its quota.
func (p policy) tighter(than policy) bool {
	if p.wait != than.wait {
		return p.wait > than.wait
	}
	return p.left*than.quota < than.left*p.quota
}

func (p policy) declared() string {
	text := fmt.Sprintf(`"%s";q=%d;w=%d`, p.name, p.quota, int64(p.window/time.Second))
	if p.unit != "" {
		text += `;qu="` + p.unit + `"`
	}
	return text
}

// inSeconds rounds up: who comes a moment early would be refused again.
func inSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
