package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"creditmsg/client"
)

// korea is where people of this console are; it has had one offset since 1988.
var korea = time.FixedZone("KST", 9*60*60)

// grouped writes a whole number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// won writes an amount without the zeros behind its point: 1,234.5.
func won(a client.Amount) string {
	text, sign := a.String(), ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		text, sign = rest, "-"
	}
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return a.String()
	}
	out := grouped(n)
	if part = strings.TrimRight(part, "0"); part != "" {
		out += "." + part
	}
	if out == "0" {
		return out
	}
	return sign + out
}

// share writes a share such as 0.9876 as 98.8; "" is none.
func share(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return ""
	}
	return strconv.FormatFloat(f*100, 'f', 1, 64)
}

// of is n of all as a share of hundred with one place; "" = there are none.
func of(n, all int64) string {
	if all <= 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", n*100/all, n*1000/all%10)
}

// figures writes numbers and times as its language does.
type figures struct{ lang string }

// moment is a time in Korea to the minute.
func (f figures) moment(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case f.lang == "ko":
		return t.In(korea).Format("2006. 1. 2. 15:04")
	}
	return t.In(korea).Format("2 Jan 2006 15:04")
}

// exact is a time in Korea to the second.
func (f figures) exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(korea).Format("2006-01-02 15:04:05")
}

// day is a day in Korea.
func (f figures) day(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case f.lang == "ko":
		return t.In(korea).Format("2006. 1. 2.")
	}
	return t.In(korea).Format("2 Jan 2006")
}

// less is what is left of an amount without another.
func less(a, b client.Amount) (client.Amount, error) {
	x, err := a.Units()
	if err != nil {
		return "", err
	}
	y, err := b.Units()
	if err != nil {
		return "", err
	}
	return amountOf(x - y), nil
}

// amountOf writes ten-thousandths of a won as an amount.
func amountOf(n int64) client.Amount {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return client.Amount(fmt.Sprintf("%s%d.%04d", sign, n/10_000, n%10_000))
}

// ratio is how much of what there was is used, from 0 to 1: the length of a bar, and no sum.
func ratio(used, left int64) string {
	if used+left <= 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(used)/float64(used+left), 'f', 3, 64)
}

// wonRatio is ratio of amounts.
func wonRatio(used, left client.Amount) string {
	x, errX := used.Units()
	y, errY := left.Units()
	if errX != nil || errY != nil {
		return "0"
	}
	return ratio(x, y)
}

// brief is the beginning of a long code.
func brief(text string) string {
	if len(text) > 12 {
		return text[:10] + "…"
	}
	return text
}
