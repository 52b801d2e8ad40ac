package audit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
)

// plain gives the fields as they are stored.
func (f Fields) plain() (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(f))
	for name, value := range f {
		switch v := value.(type) {
		case db.Time:
			value = nil
			if v != 0 {
				value = v.Time().Format(timeForm)
			}
		case time.Duration:
			value = v.String()
		case []byte:
			return nil, fmt.Errorf("the field %s holds bytes, and nobody could read them", name)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write the field %s: %w", name, err)
		}
		out[name] = text
	}
	return out, nil
}

// timeForm is how entries write times.
const timeForm = "2006-01-02T15:04:05.000000Z"

// Hidden stands for a value that is not told. See Secret.
const Hidden = "changed"

// Secret adds to both sides that a value is another one now, without telling either: name is
// in them only if they differ.
func Secret(before, after Fields, name, was, now string) {
	if was != now {
		before[name], after[name] = nil, Hidden
		if was != "" {
			before[name] = "hidden"
		}
		if now == "" {
			after[name] = nil
		}
	}
}

// Masked adds to both sides a value that is told only in part, as mask shows it. Values that
// look the same then are still told apart.
func Masked(before, after Fields, name, was, now string, mask func(string) string) {
	if was == now {
		return
	}
	shown := func(text string) any {
		if text == "" {
			return nil
		}
		return mask(text)
	}
	if before[name], after[name] = shown(was), shown(now); before[name] == after[name] {
		after[name] = Hidden
	}
}

// Wording tells of a text that is not repeated in an entry how long it is, and enough of its
// digest that another text of the same length looks different.
func Wording(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%d characters, %x", utf8.RuneCountInString(text), sum[:4])
}

// Said is what somebody wrote for others to read, such as a reason: cut, and without whatever
// may be a telephone number.
func Said(text string) string { return short(korea.MaskIn(text)) }

// Mail is an address of an e-mail of which only its owner can tell whose it is: h***@example.com.
func Mail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "***"
	}
	_, size := utf8.DecodeRuneInString(address)
	return address[:size] + "***" + address[at:]
}

// Names gives the names of the parts that differ, in their order: it is all that is told of
// things that are personal. Both sides have the same names.
func Names(before, after Fields) (names []string) {
	for name, was := range before {
		if !reflect.DeepEqual(was, after[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
