package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"creditmsg/internal/fault"
	"creditmsg/internal/sheet/sheettest"
)

func TestWhatIsNoWorkbookIsRefusedByWhatItIs(t *testing.T) {
	locked := filepath.Join(t.TempDir(), "locked.xlsx")
	f := excelize.NewFile()
	if err := f.SaveAs(locked, excelize.Options{Password: "geheim"}); err != nil {
		t.Fatal(err)
	}
	withPassword, err := os.ReadFile(locked)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw  []byte
		code string
		says string
	}{
		"nothing":              {nil, fault.CodeUnsupportedEncoding, "empty"},
		"CSV":                  {[]byte("이름,전화번호\n김하나,010-1234-5678\n"), fault.CodeUnsupportedEncoding, "give it as CSV"},
		"a picture":            {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), fault.CodeUnsupportedEncoding, "no Excel workbook"},
		"an old workbook":      {append([]byte(compoundMark+"\xa1\xb1\x1a\xe1"), make([]byte, 4096)...), fault.CodeUnsupportedEncoding, "old Excel workbook (xls)"},
		"with a password":      {withPassword, fault.CodeUnsupportedEncoding, "password"},
		"another archive":      {handmade(t, part{name: "_rels/.rels", text: ""}), fault.CodeUnsupportedEncoding, "no Excel workbook"},
		"a document":           {handmade(t, part{name: "xl/workbook.xml", text: "<document/>"}), fault.CodeUnsupportedEncoding, "Office document"},
		"a binary workbook":    {handmade(t, part{name: "_rels/.rels", text: strings.Replace(handTop, "workbook.xml", "workbook.bin", 1)}), fault.CodeUnsupportedEncoding, "save it as xlsx"},
		"no sheet":             {handmade(t, part{name: "xl/worksheets/sheet1.xml", text: ""}), fault.CodeMalformed, "damaged"},
		"no list of sheets":    {handmade(t, part{name: "xl/_rels/workbook.xml.rels", text: ""}), fault.CodeMalformed, "damaged"},
		"a sheet twice":        {handmade(t, part{name: "xl/Worksheets/Sheet1.xml", text: sheetOf("")}, part{name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader)}), fault.CodeMalformed, "damaged"},
		"a sheet that is none": {handmade(t, part{name: "xl/_rels/workbook.xml.rels", text: strings.Replace(handRelations, "/worksheet\"", "/chartsheet\"", 1)}), fault.CodeValidation, "hidden"},
		"only hidden sheets":   {handmade(t, part{name: "xl/workbook.xml", text: strings.Replace(handBook, `name="S"`, `name="S" state="hidden"`, 1)}), fault.CodeValidation, "hidden: name one of S"},
		"an empty sheet":       {handmade(t, part{name: "xl/worksheets/sheet1.xml", text: "<worksheet/>"}), fault.CodeNoPhoneColumn, "empty"},
		"no number column":     {filled(t, []any{"이름", "금액"}), fault.CodeNoPhoneColumn, "이름, 금액"},
		"columns of one name":  {filled(t, []any{"to", "이름", "이름"}), fault.CodeValidation, "both named"},
		"too many cells":       {filled(t, []any{"to"}, []any{"1", "2"}), fault.CodeValidation, "line 2 has 2 cells, but the header names 1 columns: empty the cells"},
		"too many columns":     {filled(t, append([]any{"to"}, make([]any, rowCells)...), append(append([]any{}, make([]any, rowCells)...), "x")), fault.CodeValidation, "more than 1024 cells"},
		"a NUL":                {filled(t, []any{"to"}, []any{"_x0000_"}), fault.CodeMalformed, "line 2"},
	} {
		_, _, err := readBook(c.raw, Options{})
		f, is := errors.AsType[*fault.Error](err)
		if !is || f.Code != c.code || !strings.Contains(f.Public, c.says) || len(f.Fields) == 0 {
			t.Errorf("%s: %v, want %s that says %q, with a place", name, err, c.code, c.says)
		}
	}
}

func TestXMLThatIsNotWholeIsDamage(t *testing.T) {
	for name, p := range map[string]part{
		"it ends in a row":          {name: "xl/worksheets/sheet1.xml", text: `<worksheet><sheetData>` + handHeader + `<row r="2"><c r="A2"><v>1`},
		"tags that do not fit":      {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2"><v>1</c></v></row>`)},
		"an unknown entity":         {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2"><v>&bad;</v></c></row>`)},
		"no UTF-8":                  {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>\xff</v></c></row>")},
		"a declaration":             {name: "xl/worksheets/sheet1.xml", text: `<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>` + sheetOf(handHeader)},
		"CDATA":                     {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2" t="str"><v><![CDATA[<<<<]]></v></c></row>`)},
		"rows out of order":         {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="3"/><row r="2"/>`)},
		"a row twice":               {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="1"/>`)},
		"a row of no number":        {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="x"/>`)},
		"cells out of order":        {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>`)},
		"a cell of no name":         {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="2A"><v>1</v></c></row>`)},
		"a text that is not there":  {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2" t="s"><v>2</v></c></row>`)},
		"a text before the first":   {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2" t="s"><v>-1</v></c></row>`)},
		"a text of no number":       {name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + `<row r="2"><c r="A2" t="s"><v>x</v></c></row>`)},
		"texts out of place":        {name: "xl/sharedStrings.xml", text: `<sst><x><si><t>to</t></si></x></sst>`},
		"an endless number format":  {name: "xl/styles.xml", text: `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + strings.Repeat("0", 2000) + `"/></numFmts></styleSheet>`},
		"a number format of none":   {name: "xl/styles.xml", text: `<styleSheet><numFmts><numFmt numFmtId="x" formatCode="0"/></numFmts></styleSheet>`},
		"a list of sheets cut off":  {name: "xl/workbook.xml", text: handBook[:len(handBook)-20]},
		"relations that are no XML": {name: "xl/_rels/workbook.xml.rels", text: "hello"},
	} {
		_, rows, err := readBook(handmade(t, p), Options{})
		if f := fault.Of(err); err == nil || f.Kind != fault.Malformed {
			t.Errorf("%s: %+v, %v; want it damaged", name, rows, err)
		}
	}
}

func TestNoFlippedByteLosesARow(t *testing.T) {
	raw := handmade(t, part{name: sheetPart, text: sheetOf(handHeader +
		`<row r="2"><c r="A2"><v>1012345678</v></c><c r="B2" t="s"><v>1</v></c></row><row r="3"><c r="A3"><v>1087654321</v></c></row>`)})
	_, want, err := readBook(raw, Options{})
	if err != nil || len(want) != 2 {
		t.Fatal(want, err)
	}
	for i := range raw {
		broken := bytes.Clone(raw)
		broken[i] ^= 0x10
		_, got, err := readBook(broken, Options{})
		if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("byte %d: got %+v without an error", i, got)
		}
		if err != nil && fault.Of(err).Kind == fault.Internal {
			t.Errorf("byte %d: %v is no fault of the file", i, err)
		}
	}
	for size := 0; size < len(raw); size += 5 {
		if _, got, err := readBook(raw[:size], Options{}); err == nil || fault.Of(err).Kind == fault.Internal {
			t.Errorf("the first %d bytes: %+v, %v; want a fault", size, got, err)
		}
	}
}

const (
	sheetPart = "xl/worksheets/sheet1.xml"
	textsPart = "xl/sharedStrings.xml"
	rowsBegin = `<worksheet><sheetData>` + handHeader
	rowsEnd   = `</sheetData></worksheet>`
	rowBegin  = rowsBegin + `<row r="2">`
	rowEnd    = `</row>` + rowsEnd
)

func TestWhatUnpacksToMuchIsRefusedBeforeItDoes(t *testing.T) {
	const much = 48 << 20
	var many []part
	for i := range 60_000 {
		many = append(many, part{name: fmt.Sprintf("x%d", i), text: "x"})
	}
	for name, c := range map[string]struct {
		parts []part
		kind  fault.Kind
	}{
		"a sheet of more than can be":    {[]part{{name: sheetPart, text: sheetOf(handHeader), declared: sheetBytes + 1}}, fault.TooLarge},
		"texts of more than can be":      {[]part{{name: textsPart, text: handTexts, declared: sheetBytes - 1}}, fault.TooLarge},
		"a sheet that packs too well":    {[]part{{name: sheetPart, text: rowsBegin, fill: `<row></row>`, times: 3 << 20, tail: rowsEnd}}, fault.TooLarge},
		"a sheet larger than it says":    {[]part{{name: sheetPart, text: rowsBegin, fill: `<row></row>`, times: 3 << 20, tail: rowsEnd, declared: 1000}}, fault.Malformed},
		"many parts":                     {many, fault.TooLarge},
		"texts of nothing":               {[]part{{name: textsPart, text: `<sst>`, fill: `<si/>`, times: mostStrings + 1, tail: `</sst>`}}, fault.TooLarge},
		"a huge text":                    {[]part{{name: textsPart, text: `<sst><si><t>`, fill: "a", times: 6 << 20, tail: `</t></si></sst>`}}, fault.TooLarge},
		"a huge text in pieces":          {[]part{{name: textsPart, text: `<sst><si>`, fill: `<r><t>aaaaaaaa</t></r>`, times: 1 << 17, tail: `</si></sst>`}}, fault.TooLarge},
		"a huge cell":                    {[]part{{name: sheetPart, text: rowBegin + `<c r="A2" t="str"><v>`, fill: "a", times: 6 << 20, tail: `</v></c>` + rowEnd}}, fault.TooLarge},
		"a huge tag":                     {[]part{{name: sheetPart, text: rowBegin + `<c `, fill: `a="" `, times: 1 << 20, tail: `/>` + rowEnd}}, fault.TooLarge},
		"a row without end":              {[]part{{name: sheetPart, text: rowBegin, fill: `<c><v>1</v></c>`, times: 1 << 19, tail: rowEnd}}, fault.Malformed},
		"a row of long texts":            {[]part{{name: textsPart, text: `<sst><si><t>to</t></si><si><t>`, fill: "a", times: 500 << 10, tail: `</t></si></sst>`}, {name: sheetPart, text: rowBegin, fill: `<c t="s"><v>1</v></c>`, times: 1000, tail: rowEnd}}, fault.Malformed},
		"elements within elements":       {[]part{{name: sheetPart, text: rowBegin, fill: `<a>`, times: 1 << 20}}, fault.Malformed},
		"more rows than there can be":    {[]part{{name: sheetPart, text: rowsBegin + `<row r="1048577"/>` + rowsEnd}}, fault.TooLarge},
		"more formats than there can be": {[]part{{name: "xl/styles.xml", text: `<styleSheet><cellXfs>`, fill: `<xf/>`, times: mostStyles + 1, tail: `</cellXfs></styleSheet>`}}, fault.Malformed},
		"a list of sheets without end":   {[]part{{name: "xl/workbook.xml", text: `<workbook><sheets>`, fill: `<sheet name="x"/>`, times: 1 << 19, tail: `</sheets></workbook>`}}, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			raw := handmade(t, c.parts...)
			var err error
			held := sheettest.Peak(func() { _, _, err = readBook(raw, Options{}) })
			if f := fault.Of(err); err == nil || f.Kind != c.kind {
				t.Errorf("%d packed bytes: %v, want kind %d", len(raw), err, c.kind)
			}
			if held > much {
				t.Errorf("%d packed bytes held %d MiB, want at most %d", len(raw), held>>20, much>>20)
			}
		})
	}
}

func TestAListOfPartsThatLiesTakesNoMemory(t *testing.T) {
	raw := handmade(t)
	end := bytes.LastIndex(raw, []byte("PK\x05\x06"))
	for name, at := range map[string]int{"count of this disk": 8, "count of all": 10} {
		broken := bytes.Clone(raw)
		broken[end+at], broken[end+at+1] = 0xfe, 0xff
		var err error
		if held := sheettest.Peak(func() { _, _, err = readBook(broken, Options{}) }); held > 16<<20 || fault.Of(err) != nil && fault.Of(err).Kind == fault.Internal {
			t.Errorf("%s: %v after %d MiB", name, err, held>>20)
		}
	}
}

func TestPicturesInAWorkbookAreNotRead(t *testing.T) {
	raw := handmade(t, part{name: "xl/media/image1.png", fill: "\x00", times: 100 << 20})
	if held := sheettest.Peak(func() {
		if _, rows, err := readBook(raw, Options{}); err != nil || rows != nil {
			t.Errorf("%+v, %v; want a list without rows", rows, err)
		}
	}); held > 32<<20 {
		t.Errorf("held %d MiB", held>>20)
	}
}

func TestALargeSheetIsReadInLittleMemory(t *testing.T) {
	const lines = 30_000
	var rows, texts strings.Builder
	texts.WriteString(`<sst><si><t>to</t></si><si><t>이름</t></si>`)
	for i := 2; i <= lines; i++ {
		fmt.Fprintf(&rows, `<row r="%d"><c r="A%d"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c></row>`, i, i, 1_000_000_000+i, i, i)
		fmt.Fprintf(&texts, `<si><t>김하나%d</t></si>`, i)
	}
	raw := handmade(t, part{name: "xl/worksheets/sheet1.xml", text: sheetOf(handHeader + rows.String())}, part{name: "xl/sharedStrings.xml", text: texts.String() + "</sst>"})
	rows.Reset()
	texts.Reset()
	b, err := OpenBook(bytes.NewReader(raw), int64(len(raw)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := uint64(0)
	for i := 2; ; i++ {
		row, err := r.Next()
		if err == io.EOF {
			if i != lines+1 {
				t.Errorf("%d rows, want %d", i-2, lines-1)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("김하나%d", i); row.Line != i || row.Values[0] != want || row.To != fmt.Sprint(1_000_000_000+i) {
			t.Fatalf("got %+v, want line %d, %s", row, i, want)
		}
		if i%10_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
	if limit := uint64(b.Memory()); most > before.HeapAlloc+limit {
		t.Errorf("%d MiB were held, want at most %d", (most-before.HeapAlloc)>>20, limit>>20)
	}
}

func FuzzOpenBook(f *testing.F) {
	f.Add(handmade(f))
	f.Add(filled(f, []any{"to", "이름"}, []any{1012345678, "가"}))
	f.Add([]byte(compoundMark))
	f.Add([]byte(zipMark))
	f.Fuzz(func(t *testing.T, raw []byte) { fuzzBook(t, raw) })
}

func FuzzSheet(f *testing.F) {
	f.Add(sheetOf(handHeader+`<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s" s="1"><v>1</v></c></row>`), handTexts, handStyles)
	f.Add(sheetOf(handHeader+`<row><c t="inlineStr"><is><r><t>1.0E+9</t></r></is></c><c t="b"><v>1</v></c></row>`), handTexts, handStyles)
	f.Add(sheetOf(handHeader+`<row r="7"><c r="A7" t="d"><v>2026-11-22T00:00:00Z</v></c><c r="B7" s="1"><f>1+1</f><v>44886.5</v></c></row>`), handTexts,
		`<styleSheet><numFmts><numFmt numFmtId="200" formatCode="yyyy&quot;년&quot; [$-412]AM/PM # ?/?;@"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`)
	f.Fuzz(func(t *testing.T, sheet, texts, styles string) {
		if sheet == "" || texts == "" || styles == "" {
			return
		}
		fuzzBook(t, handmade(t, part{name: "xl/worksheets/sheet1.xml", text: sheet}, part{name: "xl/sharedStrings.xml", text: texts}, part{name: "xl/styles.xml", text: styles}))
	})
}

// fuzzBook reads a workbook of anything: what is not refused keeps the reader's promises.
func fuzzBook(t *testing.T, raw []byte) {
	columns, rows, err := readBook(raw, Options{})
	if err != nil && fault.Of(err).Kind == fault.Internal {
		t.Fatalf("%v is no fault of the file", err)
	}
	line := 1
	for _, row := range rows {
		if row.Line <= line || len(row.Values) != len(columns) {
			t.Fatalf("%+v follows line %d, with %d columns", row, line, len(columns))
		}
		line = row.Line
		for _, cell := range append(row.Values, row.To) {
			if cell != strings.TrimSpace(cell) || strings.ContainsRune(cell, 0) {
				t.Fatalf("line %d: the cell %q is not trimmed, or no text", line, cell)
			}
		}
	}
}
