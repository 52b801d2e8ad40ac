package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/client"
	"creditmsg/internal/korea"
)

// named is how many lines of the file are named for one reason.
const named = 5

// row writes one line of a summary.
func (s *streams) row(label, format string, args ...any) {
	fmt.Fprintf(s.out, "  %-11s %s\n", label, fmt.Sprintf(format, args...))
}

func (j *sending) summarizeAccepted(m client.Message) {
	what := string(m.Status)
	if !m.ScheduledAt.IsZero() {
		what += " for " + m.ScheduledAt.In(korea.Seoul).Format("2006-01-02 15:04") + " KST"
	}
	if m.Replayed {
		what += " (an earlier run with this idempotency key; nothing new was sent)"
	}
	fmt.Fprintf(j.out, "%s %s: %s of %s recipients\n", m.ID, what, grouped(m.Recipients.Accepted), grouped(m.Recipients.Total))
	if n := m.Recipients.Duplicate; n > 0 {
		places := make([]string, 0, len(m.Duplicates))
		for _, d := range m.Duplicates {
			places = append(places, j.place(d.Index))
		}
		j.row("duplicates", "%s, each number is sent once: %s", grouped(n), few(places, n))
	}
	j.summarizeRejected(m)
	planned := channels(m.Planned)
	if fallback := channels(m.Fallback); fallback != "" {
		planned += "; where that fails " + fallback
	}
	j.row("planned", "%s", planned)
	j.row("cost", "%s expected, %s held", won(m.EstimatedCost), won(m.Held))
}

// summarizeRejected names the lines by reason, the most frequent first.
func (j *sending) summarizeRejected(m client.Message) {
	if m.Recipients.Rejected == 0 {
		return
	}
	j.row("rejected", "%s", grouped(m.Recipients.Rejected))
	codes := slices.SortedFunc(maps.Keys(m.RejectedByCode), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.RejectedByCode[b], m.RejectedByCode[a]), cmp.Compare(a, b))
	})
	for _, code := range codes {
		var places []string
		detail := ""
		for _, r := range m.Rejections {
			if r.Code == code {
				places = append(places, j.place(r.Index))
				detail = cmp.Or(detail, r.Detail)
			}
		}
		fmt.Fprintf(j.out, "    %s %s: %s\n", code, grouped(m.RejectedByCode[code]), few(places, m.RejectedByCode[code]))
		if detail != "" {
			fmt.Fprintf(j.out, "      %s\n", detail)
		}
	}
}

// place names a recipient as its author knows it.
func (j *sending) place(index int64) string {
	if line := j.people.line(index); line > 0 {
		return "line " + strconv.Itoa(line)
	}
	return "recipient " + strconv.FormatInt(index+1, 10)
}

// few names the first of total places.
func few(places []string, total int64) string {
	shown := places[:min(len(places), named)]
	text := strings.Join(shown, ", ")
	if more := total - int64(len(shown)); more > 0 {
		return strings.TrimPrefix(fmt.Sprintf("%s and %s more", text, grouped(more)), " and ")
	}
	return text
}

func (j *sending) summarizeOutcome(m client.Message) {
	took := ""
	if !m.DoneAt.IsZero() && m.ScheduledAt.IsZero() && m.DoneAt.After(m.CreatedAt) {
		took = " in " + m.DoneAt.Sub(m.CreatedAt).Round(100*time.Millisecond).String()
	}
	fmt.Fprintf(j.out, "%s %s%s\n", m.ID, m.Status, took)
	by := channels(m.DeliveredBy)
	if by != "" {
		by = ": " + by
	}
	j.row("delivered", "%s%s", grouped(m.Counts.Delivered), by)
	j.row("failed", "%s", grouped(m.Counts.Failed))
	if m.Counts.Expired > 0 {
		j.row("expired", "%s, no report came in time", grouped(m.Counts.Expired))
	}
	if m.Counts.Cancelled > 0 {
		j.row("cancelled", "%s", grouped(m.Counts.Cancelled))
	}
	j.row("cost", "%s, %s released", won(m.ActualCost), won(m.Released))
}

func (j *sending) summarizeEstimate(e client.Estimate) {
	fmt.Fprintln(j.out, "dry run: nothing was sent or held")
	if of := grouped(int64(j.people.count)); j.people.count > 0 {
		j.row("recipients", "%s of %s", grouped(e.Recipients), of)
	} else {
		j.row("recipients", "%s in the groups", grouped(e.Recipients))
	}
	for _, code := range slices.Sorted(maps.Keys(e.RejectedByCode)) {
		fmt.Fprintf(j.out, "    rejected %s %s\n", code, grouped(e.RejectedByCode[code]))
	}
	for _, name := range []string{"alimtalk", "sms", "lms", "mms"} {
		if c := e.ByChannel[name]; c.Count > 0 {
			j.row(name, "%s × %s = %s", grouped(c.Count), won(c.UnitPrice), won(c.Cost))
		}
	}
	j.row("cost", "%s, at worst %s", won(e.EstimatedCost), won(e.WorstCase))
	enough := "enough"
	if !e.Sufficient {
		enough = "NOT enough"
	}
	j.row("credit", "%s available: %s", won(e.Available), enough)
}

// channels lists the channels that are used: "alimtalk 998, sms 2".
func channels(c client.PerChannel) string {
	var used []string
	for _, n := range []struct {
		name  string
		count int64
	}{{"alimtalk", c.Alimtalk}, {"sms", c.SMS}, {"lms", c.LMS}, {"mms", c.MMS}} {
		if n.count > 0 {
			used = append(used, n.name+" "+grouped(n.count))
		}
	}
	return strings.Join(used, ", ")
}

// standing says in a few words how far a message is.
func standing(m client.Message) string {
	c := m.Counts
	return fmt.Sprintf("%s; delivered %s, failed %s, open %s", m.Status, grouped(c.Delivered),
		grouped(c.Failed+c.Expired+c.Cancelled), grouped(c.Open()))
}

// grouped writes a number with commas.
func grouped(n int64) string { return group(strconv.FormatInt(n, 10)) }

// won writes an amount with commas and without needless zeros: 1,234.5 won.
func won(a client.Amount) string {
	whole, part, _ := strings.Cut(a.String(), ".")
	text := group(whole)
	if part = strings.TrimRight(part, "0"); part != "" {
		text += "." + part
	}
	return text + " won"
}

// group puts a comma before every third digit from the end.
func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
