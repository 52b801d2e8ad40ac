package sheet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"creditmsg/internal/fault"
)

// readBook gives the columns and rows of a workbook.
func readBook(raw []byte, o Options) ([]string, []Row, error) {
	b, err := OpenBook(bytes.NewReader(raw), int64(len(raw)), o)
	if err != nil {
		return nil, nil, err
	}
	r, err := b.Reader()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = r.Close() }()
	var list []Row
	for {
		row, err := r.Next()
		if err == io.EOF {
			return r.Columns(), list, r.Close()
		}
		if err != nil {
			return r.Columns(), list, err
		}
		list = append(list, row)
	}
}

// saved is a workbook as its author saves it.
func saved(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	fill(f)
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// filled is a workbook with these rows in its first sheet.
func filled(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	return saved(t, func(f *excelize.File) {
		for i, row := range rows {
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// part is a part of an archive that a test makes by hand: a text, then again and again
// what it is filled with, then its tail.
type part struct {
	name, text string
	fill       string
	times      int
	tail       string
	declared   uint64 // the size that the archive says it has; 0 = the real one
}

func (p part) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.text)
	many := strings.Repeat(p.fill, 1000)
	for left := p.times; left > 0 && err == nil; left -= 1000 {
		_, err = io.WriteString(w, many[:len(p.fill)*min(left, 1000)])
	}
	if err == nil {
		_, err = io.WriteString(w, p.tail)
	}
	return err
}

// add writes the part into an archive.
func (p part) add(w *zip.Writer) error {
	if p.declared == 0 {
		to, err := w.Create(p.name)
		if err != nil {
			return err
		}
		return p.writeTo(to)
	}
	var packed bytes.Buffer
	small, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		err = errors.Join(p.writeTo(small), small.Close())
	}
	if err != nil {
		return err
	}
	to, err := w.CreateRaw(&zip.FileHeader{Name: p.name, Method: zip.Deflate, CompressedSize64: uint64(packed.Len()), UncompressedSize64: p.declared})
	if err == nil {
		_, err = to.Write(packed.Bytes())
	}
	return err
}

const (
	handTop = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	handRelations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`
	handBook = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`
	handStyles = `<styleSheet><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>`
	handTexts  = `<sst><si><t>to</t></si><si><t>이름</t></si></sst>`
	handHeader = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>`
)

func sheetOf(rows string) string { return `<worksheet><sheetData>` + rows + `</sheetData></worksheet>` }

// handmade is an archive of parts; those that are not given are as they should be.
func handmade(t testing.TB, parts ...part) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	given := map[string]bool{}
	for _, p := range parts {
		given[p.name] = true
	}
	for _, p := range []part{
		{name: "_rels/.rels", text: handTop}, {name: "xl/workbook.xml", text: handBook}, {name: "xl/_rels/workbook.xml.rels", text: handRelations},
		{name: "xl/styles.xml", text: handStyles}, {name: "xl/sharedStrings.xml", text: handTexts}, {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader)},
	} {
		if !given[p.name] {
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		if p.text == "" && p.fill == "" { // is not to be there
			continue
		}
		if err := p.add(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAListIsReadFromAWorkbookAsFromCSV(t *testing.T) {
	file, err := os.Open("testdata/recipients.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	csv, err := Open(file, Options{Table: true})
	if err != nil {
		t.Fatal(err)
	}
	raw := saved(t, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		write := func(line int, values []string) {
			cells := make([]any, len(values))
			for i, v := range values {
				cells[i] = v
			}
			if err := w.SetRow(fmt.Sprintf("A%d", line), cells); err != nil {
				t.Fatal(err)
			}
		}
		write(1, csv.Columns())
		for {
			row, err := csv.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			write(row.Line, row.Values)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	wantColumns, want, err := readAll(string(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	columns, got, err := readBook(raw, Options{})
	if diff := cmp.Diff(want, got); diff != "" || err != nil || !cmp.Equal(columns, wantColumns) {
		t.Errorf("%v, columns %q, rows (-CSV +workbook)\n%s", err, columns, diff)
	}
}

func TestCellsAreReadAsPeopleSeeThem(t *testing.T) {
	const day = "46348.375" // 2026-11-22 09:00
	text := func(s string) string { return `t="inlineStr"><is><t>` + s + `</t></is>` }
	number := func(s string) string { return `><v>` + s + `</v>` }
	for name, c := range map[string]struct {
		cell   string
		format any // a number of a format that Excel knows, or one of its own
		want   string
	}{
		"text":               {text("김하나"), 0, "김하나"},
		"text in pieces":     {`t="inlineStr"><is><r><t>김</t></r><r><t>하나</t></r></is>`, 0, "김하나"},
		"spaces":             {text(" \u00a0김하나 "), 0, "김하나"},
		"line breaks":        {text("가_x000D_\n나"), 0, "가\n나"},
		"text of digits":     {text("007"), 49, "007"},
		"text in a format":   {text("010-1234-5678"), `000\-0000\-0000`, "010-1234-5678"},
		"whole number":       {number("15000"), 0, "15000"},
		"fraction":           {number("0.30000000000000004"), 0, "0.3"},
		"thousands":          {number("15000"), 3, "15,000"},
		"thousands negative": {number("-15000"), 3, "-15,000"},
		"two decimals":       {number("1234.5"), 4, "1,234.50"},
		"percent":            {number("0.15"), 9, "15%"},
		"won":                {number("15000"), 5, "₩15,000"},
		"won in a table":     {number("-15000"), 42, "-₩15,000"},
		"won of its own":     {number("15000"), `#,##0"원"`, "15,000원"},
		"accounting":         {number("15000"), `_-* #,##0_-;\-* #,##0_-;_-* "-"_-;_-@_-`, "15,000"},
		"leading zeros":      {number("7"), `000`, "007"},
		"short date":         {number(day), 14, "2026-11-22"},
		"date and time":      {number(day), 22, "2026-11-22 9:00"},
		"time":               {number(day), 20, "9:00"},
		"time with seconds":  {number(day), 21, "9:00:00"},
		"Korean date":        {number(day), 31, "2026년 11월 22일"},
		"Korean date 2":      {number(day), 34, "2026-11-22"},
		"Korean time":        {number(day), 32, "9시 00분"},
		"own date":           {number(day), `yyyy"년" m"월" d"일"`, "2026년 11월 22일"},
		"own dotted date":    {number(day), `yyyy\.\ m\.\ d\.`, "2026. 11. 22."},
		"own date of 14":     {number(day), `yyyy/mm/dd;@`, "2026/11/22"},
		"weekday":            {number(day), `[$-412]yyyy"-"mm"-"dd aaa`, "2026-11-22 일"},
		"long date":          {number(day), `[$-F800]dddd\,\ mmmm\ dd\,\ yyyy`, "2026년 11월 22일 일요일"},
		"half day":           {number(day), `[$-412]AM/PM h:mm`, "오전 9:00"},
		"true":               {`t="b"><v>1</v>`, 0, "TRUE"},
		"an error":           {`t="e"><v>#N/A</v>`, 0, "#N/A"},
		"a day of ISO 8601":  {`t="d"><v>2026-11-22T00:00:00Z</v>`, 14, "2026-11-22"},
	} {
		t.Run(name, func(t *testing.T) {
			id, own := c.format, ""
			if code, is := c.format.(string); is {
				id, own = 200, `<numFmts><numFmt numFmtId="200" formatCode="`+strings.ReplaceAll(code, `"`, "&quot;")+`"/></numFmts>`
			}
			raw := handmade(t, part{name: "xl/styles.xml", text: fmt.Sprintf(`<styleSheet>%s<cellXfs><xf/><xf numFmtId="%v"/></cellXfs></styleSheet>`, own, id)},
				part{name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2"><v>1</v></c><c r="B2" s="1" ` + c.cell + `</c></row>`)})
			_, got, err := readBook(raw, Options{})
			if err != nil || len(got) != 1 || got[0].Values[0] != c.want {
				t.Errorf("got %+v, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestNumbersThatASpreadsheetTookForNumbersAreWhole(t *testing.T) {
	styles := `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="000\-0000\-0000"/></numFmts>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="0"/><xf numFmtId="11"/><xf numFmtId="3"/><xf numFmtId="200"/><xf numFmtId="2"/><xf numFmtId="49"/></cellXfs></styleSheet>`
	for name, c := range map[string]struct{ cell, want string }{
		"the zero is lost":           {`<c r="A2"><v>1012345678</v></c>`, "1012345678"},
		"stored with an exponent":    {`<c r="A2"><v>1.012345678E9</v></c>`, "1012345678"},
		"with the country":           {`<c r="A2" s="1"><v>821012345678</v></c>`, "821012345678"},
		"shown with an exponent":     {`<c r="A2" s="2"><v>1012345678</v></c>`, "1012345678"},
		"shown with commas":          {`<c r="A2" s="3"><v>1012345678</v></c>`, "1012345678"},
		"shown with decimals":        {`<c r="A2" s="5"><v>1012345678</v></c>`, "1012345678"},
		"shown as a number of ours":  {`<c r="A2" s="4"><v>1012345678</v></c>`, "010-1234-5678"},
		"text":                       {`<c r="A2" s="6" t="inlineStr"><is><t>010-1234-5678</t></is></c>`, "010-1234-5678"},
		"text with an exponent":      {`<c r="A2" t="inlineStr"><is><t>1.01E+09</t></is></c>`, "1.01E+09"},
		"a landline":                 {`<c r="A2"><v>212345678</v></c>`, "212345678"},
		"a fraction stays as it was": {`<c r="A2" s="5"><v>10.256</v></c>`, "10.26"},
		"nothing":                    {`<c r="A2"/>`, ""},
	} {
		raw := handmade(t, part{name: "xl/styles.xml", text: styles},
			part{name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2">` + c.cell + `<c r="B2" t="s"><v>1</v></c></row>` +
				`<row r="9"><c r="A9" s="2"><v>1087654321</v></c><c r="B9" t="s"><v>1</v></c></row>`)})
		_, got, err := readBook(raw, Options{})
		want := []Row{{2, c.want, []string{"이름"}}, {9, "1087654321", []string{"이름"}}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

func TestRowsHaveTheLinesOfTheSheet(t *testing.T) {
	header := func(line int) string {
		return fmt.Sprintf(`<row r="%d"><c r="B%d" t="s"><v>0</v></c><c r="D%d" t="s"><v>1</v></c></row>`, line, line, line)
	}
	for name, c := range map[string]struct {
		rows string
		want []Row
	}{
		"the header stands lower, rows are left out": {
			header(3) + `<row r="5"><c r="B5"><v>1</v></c></row><row r="6"/><row r="7"><c r="D7" t="str"><v> </v></c></row><row r="1000000"><c r="B1000000"><v>2</v></c><c r="D1000000"><v>3</v></c></row>`,
			[]Row{{5, "1", []string{""}}, {1000000, "2", []string{"3"}}}},
		"nothing says where it stands": {
			`<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row><row/><row><c><v>3</v></c></row>`,
			[]Row{{2, "1", []string{"2"}}, {4, "3", []string{""}}}},
		"cells without content stand beside the list": {
			handHeader + `<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c><c r="XFD2" s="0"/></row>`,
			[]Row{{2, "1", []string{"2"}}}},
		"a formula has its last result": {
			handHeader + `<row r="2"><c r="A2"><f>B1</f><v>5</v></c><c r="B2" t="str"><f>"x"</f><v>x</v></c></row>`,
			[]Row{{2, "5", []string{"x"}}}},
		"what follows the data is no row": {
			handHeader + `</sheetData><extLst><row r="9"><c r="A9"><v>9</v></c></row></extLst><sheetData>`, nil},
	} {
		_, got, err := readBook(handmade(t, part{name: "xl/worksheets/sheet1.xml", text: sheetOf(c.rows)}), Options{})
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

func TestTheSheetIsTheOneThatIsNamedOrTheFirstThatIsSeen(t *testing.T) {
	raw := saved(t, func(f *excelize.File) {
		for i, name := range []string{"숨은 표", "명단", "둘째"} {
			if i == 0 {
				_ = f.SetSheetName("Sheet1", name)
			} else if _, err := f.NewSheet(name); err != nil {
				t.Fatal(err)
			}
			row := []any{"to", "이름"}
			_ = f.SetSheetRow(name, "A1", &row)
			row = []any{"010", name}
			_ = f.SetSheetRow(name, "A2", &row)
		}
		f.SetActiveSheet(2)
		if err := f.SetSheetVisible("숨은 표", false); err != nil {
			t.Fatal(err)
		}
	})
	for named, want := range map[string]string{"": "명단", "둘째": "둘째", " 둘째 ": "둘째", "숨은 표": "숨은 표"} {
		_, got, err := readBook(raw, Options{Sheet: named})
		if err != nil || len(got) != 1 || got[0].Values[0] != want {
			t.Errorf("--sheet %q: %+v, %v; want that of %s", named, got, err, want)
		}
	}
	_, _, err := readBook(raw, Options{Sheet: "셋째"})
	if f := fault.Of(err); f.Code != fault.CodeValidation || !strings.Contains(f.Public, "숨은 표, 명단, 둘째") {
		t.Errorf("a sheet that is not there: %v, want those that are", err)
	}
}

func TestDaysAreCountedFromWhereTheWorkbookCounts(t *testing.T) {
	rows := handHeader + `<row r="2"><c r="A2"><v>1</v></c><c r="B2" s="1"><v>44886</v></c></row>`
	styles := `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`
	for since, want := range map[string]string{"": "2022-11-21", `<workbookPr date1904="1"/>`: "2026-11-22", `<workbookPr date1904="false"/>`: "2022-11-21"} {
		raw := handmade(t, part{name: "xl/workbook.xml", text: strings.Replace(handBook, "<sheets>", since+"<sheets>", 1)},
			part{name: "xl/styles.xml", text: styles}, part{name: "xl/worksheets/sheet1.xml", text: sheetOf(rows)})
		_, got, err := readBook(raw, Options{})
		if err != nil || len(got) != 1 || got[0].Values[0] != want {
			t.Errorf("%q: %+v, %v; want %s", since, got, err, want)
		}
	}
}

func TestSeveralReadersOfABookReadByThemselves(t *testing.T) {
	raw := filled(t, []any{"to", "이름"}, []any{"1", "가"}, []any{"2", "나"})
	b, err := OpenBook(bytes.NewReader(raw), int64(len(raw)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var readers []*Reader
	for range 2 {
		r, err := b.Reader()
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
	}
	for _, want := range []string{"1", "2"} {
		for i, r := range readers {
			if row, err := r.Next(); err != nil || row.To != want {
				t.Errorf("reader %d: %+v, %v; want %s", i, row, err, want)
			}
		}
	}
	for _, r := range readers {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if row, err := r.Next(); err != io.EOF {
			t.Errorf("closed: %+v, %v; want no more rows", row, err)
		}
	}
}

// places gives bytes until an offset, as a disk that breaks.
type places struct {
	*bytes.Reader
	good int64
	err  error
}

func (p *places) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > p.good {
		return 0, p.err
	}
	return p.Reader.ReadAt(b, at)
}

func TestErrorsOfTheFileSystemAreNotFaultsOfTheWorkbook(t *testing.T) {
	raw := filled(t, []any{"to", "이름"}, []any{"1", "가"})
	gone := errors.New("gone")
	for good := range len(raw) {
		p := &places{bytes.NewReader(raw), int64(good), gone}
		b, err := OpenBook(p, int64(len(raw)), Options{})
		if err == nil {
			_, err = b.Reader()
		}
		if _, is := errors.AsType[*fault.Error](err); is || !errors.Is(err, gone) {
			t.Fatalf("after %d of %d bytes: %v, want the disk's own error", good, len(raw), err)
		}
	}
}
