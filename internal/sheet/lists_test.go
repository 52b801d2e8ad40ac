package sheet

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/korea"
)

// rowsFile is a file of so many rows that exists only where it is read. All lines
// have one length, and the rows come from cycle again and again.
type rowsFile struct {
	rows int
	at   int64 // the next byte
}

var rowHeader, cycle = func() (string, []string) {
	var lines []string
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf("김하나%03d,010-%04d-%04d,R%07d\n", i, i, i, i))
	}
	const names = "이름,전화번호,예약번호"
	return names + strings.Repeat(" ", len(lines[0])-len(names)-1) + "\n", lines
}()

func (f *rowsFile) line(i int64) string {
	if i == 0 {
		return rowHeader
	}
	return cycle[i%int64(len(cycle))]
}

func (f *rowsFile) Seek(offset int64, _ int) (int64, error) {
	f.at = offset
	return offset, nil
}

func (f *rowsFile) Read(p []byte) (n int, err error) {
	width := int64(len(rowHeader))
	for n < len(p) {
		i := f.at / width
		if i > int64(f.rows) {
			return n, io.EOF
		}
		c := copy(p[n:], f.line(i)[f.at%width:])
		n += c
		f.at += int64(c)
	}
	return n, nil
}

func TestAMillionRowsStreamThroughOneBuffer(t *testing.T) {
	const rows = 1_000_000
	file := &rowsFile{rows: rows}
	r, err := Open(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= rows; i++ {
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if line := cycle[i%len(cycle)]; row.Line != i+1 || row.Values[1] != line[len(line)-9:len(line)-1] {
			t.Fatalf("row %d is %+v, want line %d, %s", i, row, i+1, line)
		}
		if ahead := file.at - int64(i)*int64(len(rowHeader)); ahead > 2*bufferBytes {
			t.Fatalf("row %d: %d bytes were read ahead, want at most %d", i, ahead, 2*bufferBytes)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the last row: %v", err)
	}
}

// expected is what is known of a list in testdata.
type expected struct {
	Rows, Accepted, Duplicate int
	Rejected                  map[string]int
	Text                      string
	Channel                   map[string]int
}

// judge applies the rules of an office's list, as its README states them.
func judge(t *testing.T, name, text string) expected {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, err := Open(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := expected{Text: text, Rejected: map[string]int{}, Channel: map[string]int{}}
	seen := map[korea.Number]bool{}
	for {
		row, err := r.Next()
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got.Rows++
		number, err := korea.ParseMobile(row.To)
		if err != nil {
			got.Rejected["invalid_number"]++
			continue
		}
		if seen[number] {
			got.Duplicate++
			continue
		}
		body, missing := text, false
		for i, column := range r.Columns() {
			if place := "#{" + column + "}"; strings.Contains(body, place) {
				missing = missing || row.Values[i] == ""
				body = strings.ReplaceAll(body, place, row.Values[i])
			}
		}
		n, bad := korea.Bytes(body)
		switch {
		case missing:
			got.Rejected["missing_variable"]++
		case len(bad) > 0:
			got.Rejected["unsupported_character"]++
		default:
			got.Accepted++
			seen[number] = true
			if n <= korea.SMSBytes {
				got.Channel["sms"]++
			} else {
				got.Channel["lms"]++
			}
		}
	}
}

func TestListsOfOfficesAreReadAsExpected(t *testing.T) {
	raw, err := os.ReadFile("testdata/recipients.expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]expected
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for key, name := range map[string]string{"utf8": "recipients.csv", "cp949": "recipients.cp949.csv"} {
		if diff := cmp.Diff(want[key], judge(t, name, want[key].Text)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	b.ReportAllocs()
	err := io.EOF
	var r *Reader
	for b.Loop() {
		if err == io.EOF {
			r, err = Open(&rowsFile{rows: 100_000}, Options{})
		}
		if err == nil {
			_, err = r.Next()
		}
		if err != nil && err != io.EOF {
			b.Fatal(err)
		}
	}
}
