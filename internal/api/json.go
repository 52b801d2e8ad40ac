package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
)

// writeJSON writes v as the API writes JSON: Korean and < as they are.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func marshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// unmarshal reads a body for huma.
func unmarshal(data []byte, v any) error {
	if err := readable(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// Its own words tell of types of ours.
		return fault.Say("a %s before byte %d cannot stand there, or is out of range", wrong.Value, wrong.Offset)
	}
	return err
}

var (
	errUTF8 = fault.Say("the text is not valid UTF-8")
	errNUL  = fault.Say("the text holds a NUL character, which cannot be stored")
)

// readable refuses bytes that are not JSON of text that every database can store,
// and says why.
func readable(data []byte) error {
	if !utf8.Valid(data) {
		return errUTF8
	}
	if !json.Valid(data) {
		var any json.RawMessage
		err := json.Unmarshal(data, &any)
		if where, ok := errors.AsType[*json.SyntaxError](err); ok {
			return fault.Say("this is not JSON: at byte %d: %s", where.Offset, err)
		}
		return fault.Say("this is not JSON: %s", err)
	}
	if hasNUL(data) {
		return errNUL
	}
	return nil
}

// hasNUL finds the escape of U+0000 in valid JSON, where the character itself
// cannot stand.
func hasNUL(data []byte) bool {
	const escape = `\u0000`
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(escape))
		if i < 0 {
			return false
		}
		slashes := 1
		for at := from + i; at >= slashes && data[at-slashes] == '\\'; slashes++ {
		}
		if slashes%2 == 1 {
			return true // an even number would be escaped backslashes before plain text
		}
		from += i + len(escape)
	}
}

// instant is a time in JSON: RFC 3339, UTC, microseconds.
type instant db.Time

// MarshalText writes the time.
func (t instant) MarshalText() ([]byte, error) {
	return []byte(db.Time(t).Time().Format("2006-01-02T15:04:05.000000Z07:00")), nil
}

// Schema describes the text.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-11-22T05:00:00.123456Z"}}
}

// maybeInstant is a time that may be absent: null.
type maybeInstant db.Time

// MarshalJSON writes the time or null.
func (t maybeInstant) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(instant(t))
}

// Schema describes the text.
func (maybeInstant) Schema(r huma.Registry) *huma.Schema {
	s := instant(0).Schema(r)
	s.Nullable = true
	return s
}

// parseInstant reads a time of a parameter or a body.
func parseInstant(text string) (time.Time, error) { return time.Parse(time.RFC3339Nano, text) }

// orNull gives nil for an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// channelCounts counts by channel.
type channelCounts struct {
	Alimtalk int64 `json:"alimtalk"`
	SMS      int64 `json:"sms"`
	LMS      int64 `json:"lms"`
	MMS      int64 `json:"mms"`
}

func perChannel(n [provider.Channels]int64) channelCounts {
	return channelCounts{n[provider.Alimtalk], n[provider.SMS], n[provider.LMS], n[provider.MMS]}
}

// fallbackCounts counts second steps: texts, but for the policies of a site that have an
// Alimtalk follow.
type fallbackCounts struct {
	SMS int64 `json:"sms"`
	LMS int64 `json:"lms"`
	MMS int64 `json:"mms"`

	Alimtalk int64 `json:"alimtalk,omitempty" doc:"Of a policy that begins with the text."`
}

func perFallback(n [provider.Channels]int64) fallbackCounts {
	return fallbackCounts{n[provider.SMS], n[provider.LMS], n[provider.MMS], n[provider.Alimtalk]}
}
