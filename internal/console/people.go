package console

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode"

	"creditmsg/client"
	"creditmsg/internal/fault"
	"creditmsg/internal/sheet"
)

// mostPasted is how many people may be typed or pasted; more come as a list in a file.
const mostPasted = 10_000

// pasted reads people that were typed or pasted: numbers, one or several a line; or a table with a header,
// as it comes from a sheet, read like a list that is uploaded.
func pasted(text string) (out []client.Recipient, err error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return nil, nil
	}
	if first, _, _ := strings.Cut(text, "\n"); hasNumber(first) {
		text = strings.Map(func(r rune) rune {
			if r == ',' || r == ';' || r == '\t' {
				return '\n'
			}
			return r
		}, text)
	}
	list, err := sheet.Open(strings.NewReader(text), sheet.Options{List: true})
	if err != nil {
		return nil, err
	}
	defer list.Close()
	columns := list.Columns()
	for {
		row, err := list.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil && len(out) == mostPasted {
			err = errManyPasted
		}
		if err != nil {
			return out, err
		}
		who := client.Recipient{To: row.To}
		for i, name := range columns {
			if who.Variables == nil {
				who.Variables = map[string]string{}
			}
			who.Variables[name] = row.Values[i]
		}
		out = append(out, who)
	}
}

var errManyPasted = fault.Check("/recipients", "at most %d can be pasted; upload a list as a file", mostPasted)

// hasNumber reports whether a line has something that may be a number of a phone.
func hasNumber(line string) bool {
	digits := 0
	for _, r := range line {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits >= 8
}

func cloned(v url.Values) url.Values {
	out := url.Values{}
	for name, values := range v {
		out[name] = append([]string{}, values...)
	}
	return out
}
