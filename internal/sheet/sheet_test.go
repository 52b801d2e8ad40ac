package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// readAll gives the columns and rows of a file.
func readAll(text string, o Options) ([]string, []Row, error) {
	r, err := Open(strings.NewReader(text), o)
	if err != nil {
		return nil, nil, err
	}
	var rows []Row
	for {
		row, err := r.Next()
		if err == io.EOF {
			return r.Columns(), rows, nil
		}
		if err != nil {
			return r.Columns(), rows, err
		}
		rows = append(rows, row)
	}
}

func cp949(t *testing.T, text string) string {
	t.Helper()
	raw, err := korea.EncodeCP949(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRowsAreReadInEverySpellingOfCSV(t *testing.T) {
	kim := []Row{{Line: 2, To: "010-1234-5678", Values: []string{"김하나", "1,000"}}}
	columns := []string{"이름", "금액"}
	for name, text := range map[string]string{
		"comma":                   "이름,전화번호,금액\n김하나,010-1234-5678,\"1,000\"\n",
		"semicolon":               "이름;전화번호;금액\n김하나;010-1234-5678;1,000\n",
		"tab":                     "이름\t전화번호\t금액\n김하나\t010-1234-5678\t1,000\n",
		"CRLF":                    "이름,전화번호,금액\r\n김하나,010-1234-5678,\"1,000\"\r\n",
		"no line end at the end":  "이름,전화번호,금액\n김하나,010-1234-5678,\"1,000\"",
		"mark at the beginning":   "\ufeff이름,전화번호,금액\n김하나,010-1234-5678,\"1,000\"\n",
		"mark and quoted header":  "\ufeff\"이름\",\"전화번호\",\"금액\"\r\n\"김하나\",\"010-1234-5678\",\"1,000\"\r\n",
		"CP949":                   cp949(t, "이름,전화번호,금액\r\n김하나,010-1234-5678,\"1,000\"\r\n"),
		"spaces round cells":      " 이름 , 전화번호\u00a0,\u3000금액\n 김하나 ,\t010-1234-5678 , \"1,000\" \n",
		"spaces inside quotes":    "이름,전화번호,금액\n\" 김하나 \",\"010-1234-5678 \",\" 1,000\"\n",
		"empty lines":             "이름,전화번호,금액\n김하나,010-1234-5678,\"1,000\"\n\n  \r\n,,\n\"\",,\n\n",
		"empty cells at the end":  "이름,전화번호,금액\n김하나,010-1234-5678,\"1,000\",,\n",
		"columns without a name":  "이름,,전화번호,금액,,\n김하나,x,010-1234-5678,\"1,000\",y,\n",
		"decomposed header names": "\u110b\u1175\u1105\u1173\u11b7,\u110c\u1165\u11ab\u1112\u116a\u1107\u1165\u11ab\u1112\u1169,금액\n김하나,010-1234-5678,\"1,000\"\n",
	} {
		gotColumns, got, err := readAll(text, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(kim, got); diff != "" {
			t.Errorf("%s: rows (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff(columns, gotColumns); diff != "" {
			t.Errorf("%s: columns (-want +got)\n%s", name, diff)
		}
	}
}

func TestLinesAreThoseOfTheFile(t *testing.T) {
	text := "\n\n이름,to\n" + // the header is on line 3
		"가,1\n" +
		"\"나\n나\",2\n" + // lines 5 and 6
		"\n" +
		"다,\"3\r\n\r\n\"\n" + // lines 8 to 10
		",,\n" +
		"라,4" // line 12
	_, got, err := readAll(text, Options{})
	want := []Row{{4, "1", []string{"가"}}, {5, "2", []string{"나\n나"}}, {8, "3", []string{"다"}}, {12, "4", []string{"라"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, rows (-want +got)\n%s", err, diff)
	}
}

func TestQuotesFollowSpreadsheets(t *testing.T) {
	for cell, want := range map[string]string{
		`"a""b"`:        `a"b`,
		`""""`:          `"`,
		`"a,b"`:         "a,b",
		"\"a\r\nb\"":    "a\nb",
		"\"a\nb\n\nc\"": "a\nb\n\nc",
		`5" 화면`:         `5" 화면`,
		`홍길동"`:          `홍길동"`,
		`  "x"  `:       "x",
		`""`:            "",
	} {
		_, got, err := readAll("to,v\n010,"+cell+"\n011,끝\n", Options{})
		if err != nil || len(got) != 2 || got[0].Values[0] != want || got[1].Values[0] != "끝" {
			t.Errorf("%q: %+v, %v; want %q", cell, got, err, want)
		}
	}
}

func TestTheDelimiterIsTheOneTheHeaderHasMost(t *testing.T) {
	for text, want := range map[string][]string{
		"to;a,b;c\n":          {"a,b", "c"},
		"to\ta;b\tc\n":        {"a;b", "c"},
		"to,a;b\n":            {"a;b"},
		"\"to\",\"a;b;c\"\n":  {"a;b;c"},
		"\"a;b;\n;c\",to\n":   {"a;b;\n;c"},
		"to\n010;011\n":       nil,
		"\n;;;\n\"\"\nto;a\n": {"a"},
		"\tto\n":              nil,
		"\tto\tb\n":           {"b"},
	} {
		got, _, err := readAll(text, Options{})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v, columns (-want +got)\n%s", text, err, diff)
		}
	}
}

func TestTheNumberColumnIsFoundByName(t *testing.T) {
	for _, c := range []struct {
		header, column string
		to             string
		others         []string
	}{
		{"a,전화번호,b", "", "2", []string{"a", "b"}},
		{"a,휴대폰,b", "", "2", []string{"a", "b"}},
		{"a,휴대전화,b", "", "2", []string{"a", "b"}},
		{"a,핸드폰,b", "", "2", []string{"a", "b"}},
		{"a,연락처,b", "", "2", []string{"a", "b"}},
		{"a,Phone,b", "", "2", []string{"a", "b"}},
		{"a,MOBILE,b", "", "2", []string{"a", "b"}},
		{"a,Tel,b", "", "2", []string{"a", "b"}},
		{"TO,a,b", "", "1", []string{"a", "b"}},
		{"a,연락처,전화번호", "", "2", []string{"a", "전화번호"}}, // the leftmost of several
		{"전화번호,보호자,b", "보호자", "2", []string{"전화번호", "b"}},
		{"전화번호,보호자,b", " 보호자 ", "2", []string{"전화번호", "b"}},
		{"전화번호,Parent,b", "parent", "2", []string{"전화번호", "b"}},
		{"parent,Parent,b", "Parent", "2", []string{"parent", "b"}},
	} {
		columns, rows, err := readAll(c.header+"\n1,2,3\n", Options{Column: c.column})
		if err != nil || len(rows) != 1 || rows[0].To != c.to || !cmp.Equal(columns, c.others) {
			t.Errorf("%s with --to-column %q: to = %+v, columns %q, %v", c.header, c.column, rows, columns, err)
		}
	}
}

func TestMissingCellsAreEmpty(t *testing.T) {
	_, got, err := readAll("이름,전화번호,금액\n김하나,010\n이두리\n", Options{})
	want := []Row{{2, "010", []string{"김하나", ""}}, {3, "", []string{"이두리", ""}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, rows (-want +got)\n%s", err, diff)
	}
}

func TestFaultsNameTheLine(t *testing.T) {
	long := strings.Repeat("가", rowBytes/5)
	for name, c := range map[string]struct {
		text, column string
		kind         fault.Kind
		code         string
		line         int
		says         string
	}{
		"UTF-16 little-endian":   {"\xff\xfet\x00o\x00", "", fault.Invalid, fault.CodeUnsupportedEncoding, 1, "UTF-16 (little-endian)"},
		"UTF-16 big-endian":      {"\xfe\xff\x00t\x00o", "", fault.Invalid, fault.CodeUnsupportedEncoding, 1, "UTF-16 (big-endian)"},
		"UTF-16 without a mark":  {"t\x00o\x00\n\x00", "", fault.Invalid, fault.CodeUnsupportedEncoding, 1, "UTF-16"},
		"UTF-32":                 {"\xff\xfe\x00\x00t\x00\x00\x00", "", fault.Invalid, fault.CodeUnsupportedEncoding, 1, "UTF-32"},
		"a workbook":             {"PK\x03\x04\x14\x00", "", fault.Invalid, fault.CodeUnsupportedEncoding, 1, "xlsx"},
		"NUL":                    {"to\n010\n0\x001\n", "", fault.Invalid, fault.CodeUnsupportedEncoding, 3, "NUL"},
		"bad byte in CP949":      {cp949(t, "이름,to\n가,1\n나,2\n") + "\xff,3\n", "", fault.Invalid, fault.CodeUnsupportedEncoding, 4, "CP949"},
		"half a pair at the end": {cp949(t, "이름,to\n가,1\n나,2\n") + "\xb0", "", fault.Invalid, fault.CodeUnsupportedEncoding, 4, "CP949"},
		"bad byte in UTF-8":      {"이름,to\n가,1\n나\xff,2\n", "", fault.Invalid, fault.CodeUnsupportedEncoding, 3, "UTF-8"},
		"bad byte after a mark":  {"\ufeffto,b\n1,2\n\xb0\xa1,2\n", "", fault.Invalid, fault.CodeUnsupportedEncoding, 3, "not UTF-8"},
		"bad byte in ASCII":      {"to,b\n1,2\n\x80,2\n", "", fault.Invalid, fault.CodeUnsupportedEncoding, 3, "line 3"},
		"nothing":                {"", "", fault.Invalid, fault.CodeNoPhoneColumn, 1, "empty"},
		"only a mark":            {"\ufeff", "", fault.Invalid, fault.CodeNoPhoneColumn, 1, "empty"},
		"only empty lines":       {"\n \n,,\n", "", fault.Invalid, fault.CodeNoPhoneColumn, 1, "empty"},
		"no number column":       {"이름,금액\n", "", fault.Invalid, fault.CodeNoPhoneColumn, 1, "이름, 금액"},
		"no header":              {"\n김하나,010-1234-5678\n", "", fault.Invalid, fault.CodeNoPhoneColumn, 2, "김하나, 010****5678"},
		"no named column":        {"이름,전화번호\n", "보호자", fault.Invalid, fault.CodeNoPhoneColumn, 1, `no column "보호자"; the first line names: 이름, 전화번호`},
		"columns of one name":    {"이름,to,이름\n", "", fault.Invalid, fault.CodeValidation, 1, `columns 1 and 3 are both named "이름"`},
		"two number columns":     {"전화번호,전화번호\n", "", fault.Invalid, fault.CodeValidation, 1, "전화번호"},
		"too many cells":         {"to,b\n1,2\n\n1,2,3\n", "", fault.Invalid, fault.CodeValidation, 4, "line 4 has 3 cells"},
		"endless header":         {"to" + strings.Repeat(",", rowCells), "", fault.Invalid, fault.CodeValidation, 1, "more than 1024"},
		"open quote":             {"to,b\n1,2\n1,\"2\n3,4\n5,6\n", "", fault.Malformed, fault.CodeMalformed, 3, "opened on line 3"},
		"open quote in a row":    {"to,b\n\"1\n1\",\"2\n3,4\n", "", fault.Malformed, fault.CodeMalformed, 3, "opened on line 3"},
		"open quote in header":   {"to,\"b\n1,2\n", "", fault.Malformed, fault.CodeMalformed, 1, "opened on line 1"},
		"open quote far away":    {"to,b\n\"" + strings.Repeat("1,2\n", rowBytes/2), "", fault.Malformed, fault.CodeMalformed, 2, "opened on line 2"},
		"text behind a quote":    {"to,b\n1,2\n1,\"2\n\"x\n", "", fault.Malformed, fault.CodeMalformed, 4, "closing double quote on line 4"},
		"long line":              {"to,b\n1," + long + long + "\n", "", fault.Malformed, fault.CodeMalformed, 2, "longer than 1024 KiB"},
		"long row":               {"to,b\n1,\"" + long + "\n" + long + "\"\n", "", fault.Malformed, fault.CodeMalformed, 2, "opened on line 2"},
	} {
		_, _, err := readAll(c.text, Options{Column: c.column})
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Errorf("%s: %v, want a fault", name, err)
			continue
		}
		if f.Kind != c.kind || f.Code != c.code || !strings.Contains(f.Public, c.says) {
			t.Errorf("%s: kind %d, code %s, %q; want kind %d, code %s and %q", name, f.Kind, f.Code, f.Public, c.kind, c.code, c.says)
		}
		if want := fmt.Sprintf("/lines/%d", c.line); len(f.Fields) != 1 || f.Fields[0].Pointer != want {
			t.Errorf("%s: %+v, want the place %s", name, f.Fields, want)
		}
	}
}

func TestAFileWithoutRowsEndsAtOnce(t *testing.T) {
	for _, text := range []string{"to", "to\n", "\ufeffto,b\r\n\r\n"} {
		if _, rows, err := readAll(text, Options{}); err != nil || rows != nil {
			t.Errorf("%q: %v, %v", text, rows, err)
		}
	}
}

func TestAnErrorIsRepeated(t *testing.T) {
	r, err := Open(strings.NewReader("to\n1\n\"2\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if row, err := r.Next(); err != nil || row.To != "1" {
		t.Fatalf("first row: %v, %v", row, err)
	}
	_, first := r.Next()
	_, second := r.Next()
	if first == nil || first != second {
		t.Errorf("errors %v, then %v; want one and the same", first, second)
	}
}

func TestSyllablesOfCP949ThatLookLikeSpacesOfUTF8AreKept(t *testing.T) {
	// 0xC2A0 and 0xC285 are syllables in CP949, but spaces when taken for UTF-8.
	text := cp949(t, "이름,to\n") + "\xc2\xa0,1\n\xc2\x85,2\n"
	_, got, err := readAll(text, Options{})
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, row := range got {
		if utf8.RuneCountInString(row.Values[0]) != 1 {
			t.Errorf("line %d: %q, want the syllable", row.Line, row.Values[0])
		}
	}
}

// broken fails at an offset, as a disk or a share does.
type broken struct {
	*strings.Reader
	after int
	err   error
}

func (b *broken) Read(p []byte) (int, error) {
	if b.after <= 0 {
		return 0, b.err
	}
	n, err := b.Reader.Read(p[:min(len(p), b.after)])
	b.after -= n
	return n, err
}

func TestErrorsOfTheFileSystemAreNotFaultsOfTheFile(t *testing.T) {
	text := "to,이름\n1,가\n2,나\n"
	gone := errors.New("gone")
	for after := range 2 * len(text) {
		r, err := Open(&broken{strings.NewReader(text), after, gone}, Options{})
		for err == nil {
			_, err = r.Next()
		}
		var f *fault.Error
		if !errors.Is(err, gone) || errors.As(err, &f) {
			t.Fatalf("after %d bytes: %v, want the reader's own error", after, err)
		}
	}
}

// changing gives another text at each reading.
type changing struct {
	*strings.Reader
	texts []string
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	c.Reader = strings.NewReader(c.texts[0])
	c.texts = c.texts[1:]
	return c.Reader.Seek(offset, whence)
}

func TestAFileThatChangesBetweenTheReadingsIsRefused(t *testing.T) {
	korean := cp949(t, "to,이름\n1,가\n")
	for name, texts := range map[string][]string{
		"UTF-8": {"to,이름\n1,가\n", "to,이름\n1,\xff\n"},
		"CP949": {korean, strings.Replace(korean, "1,", "1,\xff", 1)},
	} {
		r, err := Open(&changing{texts: texts}, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if row, err := r.Next(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v; want a fault", name, row, err)
		}
	}
}

func TestWhatASpreadsheetWritesIsReadBack(t *testing.T) {
	cell := rapid.StringMatching(`[가-힣a-z0-9",;\t\n 뷁펲#{}'.-]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(t, "width")
		delimiter := rapid.SampledFrom([]rune(delimiters)).Draw(t, "delimiter")
		korean := rapid.Bool().Draw(t, "cp949")
		header := []string{"to"}
		for i := range width {
			header = append(header, fmt.Sprintf("열%d", i))
		}
		var raw bytes.Buffer
		w := csv.NewWriter(&raw)
		w.Comma, w.UseCRLF = delimiter, rapid.Bool().Draw(t, "crlf")
		_ = w.Write(header)
		var want [][]string
		for _, cells := range rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 0, 8).Draw(t, "rows") {
			_ = w.Write(append([]string{"010"}, cells...))
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			want = append(want, cells)
		}
		w.Flush()
		text := raw.String()
		if korean {
			b, err := korea.EncodeCP949(text)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		_, rows, err := readAll(text, Options{})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var got [][]string
		for _, row := range rows {
			got = append(got, row.Values)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got)\n%s", text, diff)
		}
	})
}

func FuzzOpen(f *testing.F) {
	for _, s := range []string{
		"이름,전화번호\n김,010\n", "\ufeffto;a\r\n\"1\n\";\"\"\"\"\r\n", "to\ta\n\t\n", "\xff\xfet\x00", "to,\"a", "\xc0\xcc\xb8\xa7,to\n\xb1\xe8,1\n",
		"to,a,b\n1,2,3,,\n1\n\n", "a\nb\n", "to\n\"1\"x\n", "to,to\n",
	} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte("a,b\n1,2\n"), "b")
	f.Fuzz(func(t *testing.T, raw []byte, column string) {
		r, err := Open(bytes.NewReader(raw), Options{Column: column})
		if err != nil {
			if fault.Of(err).Kind == fault.Internal {
				t.Fatalf("Open: %v is no fault of the file", err)
			}
			return
		}
		columns, line := r.Columns(), 1
		for {
			row, err := r.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				if fault.Of(err).Kind == fault.Internal {
					t.Fatalf("Next: %v is no fault of the file", err)
				}
				return
			}
			if row.Line <= line || row.Line > 1+bytes.Count(raw, []byte{'\n'}) {
				t.Fatalf("line %d follows line %d", row.Line, line)
			}
			line = row.Line
			if len(row.Values) != len(columns) {
				t.Fatalf("line %d: %d values for %d columns", line, len(row.Values), len(columns))
			}
			for _, cell := range append(row.Values, row.To) {
				if cell != strings.TrimSpace(cell) || !utf8.ValidString(cell) {
					t.Fatalf("line %d: the cell %q is not trimmed, or not text", line, cell)
				}
			}
		}
	})
}

func ExampleOpen() {
	r, err := Open(strings.NewReader("이름,휴대폰,금액\n김하나,010-1234-5678,\"12,000\"\n"), Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		row, err := r.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(row.Line, row.To, r.Columns(), row.Values)
	}
	// Output:
	// 2 010-1234-5678 [이름 금액] [김하나 12,000]
	// EOF
}

func ExampleOpen_fault() {
	_, err := Open(strings.NewReader("이름,금액\n김하나,1000\n"), Options{Column: "연락처"})
	fmt.Println(fault.Of(err).Code, "—", fault.Of(err).Public)
	// Output: no_phone_column — there is no column "연락처"; the first line names: 이름, 금액
}

func TestATableHasNoColumnOfNumbers(t *testing.T) {
	r, err := Open(strings.NewReader("to,price\n01012345678,8.4\n"), Options{Table: true})
	if err != nil {
		t.Fatal(err)
	}
	row, err := r.Next()
	want := Row{Line: 2, Values: []string{"01012345678", "8.4"}}
	if diff := cmp.Diff(want, row); diff != "" || err != nil || len(r.Columns()) != 2 {
		t.Errorf("%v, columns %v (-want +got):\n%s", err, r.Columns(), diff)
	}
	if _, err := Open(strings.NewReader(""), Options{Table: true}); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != fault.CodeValidation {
		t.Errorf("an empty table: %v, want it not valid", err)
	}
}
