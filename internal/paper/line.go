package paper

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
)

// line is an entry as it is exported: all that its hash is made of, in that order, and the
// note with the key that proves it where notes were asked for.
type line struct {
	Seq            int64        `json:"seq"`
	Kind           string       `json:"kind"`
	Amount         money.Amount `json:"amount"`
	Debit          string       `json:"debit"`
	Credit         string       `json:"credit"`
	AvailableAfter money.Amount `json:"available_after"`
	HeldAfter      money.Amount `json:"held_after"`
	Ref            string       `json:"ref"`
	Key            string       `json:"key"`
	At             stamp        `json:"at"`
	NoteDigest     string       `json:"note_digest"`
	OpensDigest    string       `json:"opens_digest"`
	PrevHash       string       `json:"prev_hash"`
	Hash           string       `json:"hash"`
	Note           string       `json:"note,omitempty"`
	NoteKey        string       `json:"note_key,omitempty"`
}

// headings are those of the CSV form; the last two are there with notes only.
var headings = []string{"순번", "구분", "금액", "나간 계정", "들어온 계정", "사용 가능", "예약 중", "참조", "키", "시각(UTC)",
	"메모 다이제스트", "내용 다이제스트", "이전 해시", "해시", "메모", "메모 키"}

const withoutNotes = 14

// maxLine is the longest line of an export: a note has at most a thousand characters.
const maxLine = 64 << 10

// stamp is a time in microseconds, as the API writes it.
type stamp db.Time

// MarshalText writes the time.
func (t stamp) MarshalText() ([]byte, error) {
	return []byte(db.Time(t).Time().Format("2006-01-02T15:04:05.000000Z07:00")), nil
}

// UnmarshalText reads the time.
func (t *stamp) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(text))
	*t = stamp(db.At(at))
	return err
}

func lineOf(e *credit.Entry, notes bool) line {
	l := line{e.Seq, string(e.Kind), e.Amount, string(e.Debit), string(e.Credit), e.AvailableAfter, e.HeldAfter, e.Ref, e.Key, stamp(e.At),
		e.NoteDigest, e.OpensDigest, e.PrevHash, e.Hash, "", ""}
	if notes {
		l.Note, l.NoteKey = e.Note, e.NoteKey
	}
	return l
}

func (l *line) entry() *credit.Entry {
	return &credit.Entry{Seq: l.Seq, Kind: credit.Kind(l.Kind), Amount: l.Amount, Debit: credit.Name(l.Debit), Credit: credit.Name(l.Credit),
		AvailableAfter: l.AvailableAfter, HeldAfter: l.HeldAfter, Ref: l.Ref, Key: l.Key, Note: l.Note, NoteKey: l.NoteKey, At: db.Time(l.At),
		NoteDigest: l.NoteDigest, OpensDigest: l.OpensDigest, PrevHash: l.PrevHash, Hash: l.Hash}
}

// cells are the line in CSV.
func (l *line) cells() []string {
	at, _ := l.At.MarshalText() // never fails
	return []string{strconv.FormatInt(l.Seq, 10), guarded(l.Kind), l.Amount.String(), guarded(l.Debit), guarded(l.Credit),
		l.AvailableAfter.String(), l.HeldAfter.String(), guarded(l.Ref), guarded(l.Key), string(at),
		guarded(l.NoteDigest), guarded(l.OpensDigest), guarded(l.PrevHash), guarded(l.Hash), guarded(l.Note), guarded(l.NoteKey)}
}

// lineIn reads a line of CSV.
func lineIn(cells []string) (l line, err error) {
	text := func(i int) string {
		if i >= len(cells) {
			return ""
		}
		return unguarded(cells[i])
	}
	var failed [5]error
	l.Seq, failed[0] = strconv.ParseInt(cells[0], 10, 64)
	l.Amount, failed[1] = money.Parse(cells[2])
	l.AvailableAfter, failed[2] = money.Parse(cells[5])
	l.HeldAfter, failed[3] = money.Parse(cells[6])
	failed[4] = l.At.UnmarshalText([]byte(cells[9]))
	l.Kind, l.Debit, l.Credit, l.Ref, l.Key = text(1), text(3), text(4), text(7), text(8)
	l.NoteDigest, l.OpensDigest, l.PrevHash, l.Hash, l.Note, l.NoteKey = text(10), text(11), text(12), text(13), text(14), text(15)
	if err = errors.Join(failed[:]...); err == nil && !slices.Equal(l.cells()[:len(cells)], cells) {
		err = errAltered
	}
	return l, err
}

var errAltered = errors.New("it is not written as entries are")

// lines reads an export, in either of its forms, one line after the other. next gives io.EOF
// at the end.
func lines(r io.Reader) (next func() (line, error), err error) {
	in := bufio.NewReaderSize(r, maxLine)
	start, err := in.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return func() (line, error) { return line{}, io.EOF }, nil
	case err != nil:
		return nil, fmt.Errorf("read the entries: %w", err)
	case start[0] == '{':
		return jsonLines(in), nil
	}
	return csvLines(in)
}

func jsonLines(in *bufio.Reader) func() (line, error) {
	return func() (l line, err error) {
		text, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return l, io.EOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return l, err // longer than any, or not to be read
		}
		text = bytes.TrimSuffix(text, []byte("\n"))
		if err := json.Unmarshal(text, &l); err != nil {
			return l, errAltered
		}
		if own, err := compact(&l); err != nil || !bytes.Equal(own, text) {
			return l, errAltered
		}
		return l, nil
	}
}

func csvLines(in *bufio.Reader) (func() (line, error), error) {
	if start, _ := in.Peek(len(bom)); string(start) == bom {
		_, _ = in.Discard(len(bom)) // it was read already
	}
	rows := csv.NewReader(in)
	head, err := rows.Read()
	if err != nil || !slices.Equal(head, headings) && !slices.Equal(head, headings[:withoutNotes]) {
		return nil, fmt.Errorf("these are no entries of an export: the first line is neither an entry in JSON nor the headings of the CSV")
	}
	return func() (line, error) {
		cells, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return line{}, io.EOF
		case err != nil:
			return line{}, errAltered
		}
		l, err := lineIn(cells)
		if err != nil {
			return l, errAltered
		}
		return l, nil
	}, nil
}
