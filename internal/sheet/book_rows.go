package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"creditmsg/internal/korea"
)

// memoryBytes is the size from which the reader of cells keeps a part on disk: it is always
// there, since texts are read from there one by one, and are not taken to be something else
// for want of a name space.
const memoryBytes = 1

var errShort = errors.New("its rows end too early")

// Reader begins with the header. Each reader reads by itself, and several may be open at
// the same time; close it.
func (b *Book) Reader() (*Reader, error) {
	rows, err := b.rows()
	if err != nil {
		return nil, b.archive.file.wrong(err)
	}
	r, err := begin(rows, b.options)
	if err != nil {
		_ = rows.close() // why it cannot be read says more
		return nil, err
	}
	return r, nil
}

// rows opens the sheet in a workbook of our own, which holds nothing else: whatever else is
// in the file is not even unpacked.
func (b *Book) rows() (_ *bookRows, err error) {
	name, err := b.slim()
	if err != nil {
		return nil, err
	}
	defer os.Remove(name)
	r := &bookRows{book: b}
	defer r.contain(&err)
	r.file, err = excelize.OpenFile(name, excelize.Options{
		UnzipSizeLimit: sheetBytes + stylesBytes, UnzipXMLSizeLimit: memoryBytes,
		ShortDatePattern: shortDate, LongDatePattern: longDate, LongTimePattern: longTime,
	})
	if err == nil {
		r.shown, err = r.file.Rows(ownSheet)
	}
	if err != nil {
		_ = r.close()
		return nil, err
	}
	return r, nil
}

// The workbook of our own.
const (
	ownSheet      = "list"
	mainSpace     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationSpace = "http://schemas.openxmlformats.org/package/2006/relationships"
	officeSpace   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageTypes  = "application/vnd.openxmlformats-officedocument.spreadsheetml."

	ownTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + packageTypes + `sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + packageTypes + `worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + packageTypes + `styles+xml"/>` +
		`<Override PartName="/xl/sharedStrings.xml" ContentType="` + packageTypes + `sharedStrings+xml"/></Types>`
	ownTop = xml.Header + `<Relationships xmlns="` + relationSpace + `">` +
		`<Relationship Id="rId1" Type="` + officeSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	ownRelations = xml.Header + `<Relationships xmlns="` + relationSpace + `">` +
		`<Relationship Id="rId1" Type="` + officeSpace + `/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="` + officeSpace + `/styles" Target="styles.xml"/>` +
		`<Relationship Id="rId3" Type="` + officeSpace + `/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`
	ownWorkbook = xml.Header + `<workbook xmlns="` + mainSpace + `" xmlns:r="` + officeSpace + `"><workbookPr date1904="%t"/>` +
		`<sheets><sheet name="` + ownSheet + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
)

// slim writes the workbook of our own: what is copied stays packed as it was.
func (b *Book) slim() (name string, err error) {
	to, err := os.CreateTemp("", "creditmsg-*.xlsx")
	if err != nil {
		return "", fmt.Errorf("keep a sheet on disk: %w", err)
	}
	defer func() {
		if shut := to.Close(); err == nil {
			err = shut
		}
		if err != nil {
			_ = os.Remove(to.Name())
		}
	}()
	w := zip.NewWriter(to)
	for _, part := range [][2]string{
		{"[Content_Types].xml", ownTypes}, {"_rels/.rels", ownTop}, {"xl/_rels/workbook.xml.rels", ownRelations},
		{"xl/workbook.xml", fmt.Sprintf(ownWorkbook, b.since1904)}, {"xl/styles.xml", b.formats.part()},
	} {
		into, err := w.Create(part[0])
		if err == nil {
			_, err = io.WriteString(into, part[1])
		}
		if err != nil {
			return "", fmt.Errorf("keep a sheet on disk: %w", err)
		}
	}
	if err := copyPart(w, "xl/worksheets/sheet1.xml", b.sheet); err != nil {
		return "", err
	}
	if b.texts != nil {
		if err := copyPart(w, "xl/sharedStrings.xml", b.texts); err != nil {
			return "", err
		}
	}
	return to.Name(), w.Close()
}

func copyPart(w *zip.Writer, name string, part *zip.File) error {
	from, err := part.OpenRaw()
	if err != nil {
		return err
	}
	to, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: part.Method, CRC32: part.CRC32,
		CompressedSize64: part.CompressedSize64, UncompressedSize64: part.UncompressedSize64})
	if err == nil {
		_, err = io.Copy(to, from)
	}
	if err != nil {
		return fmt.Errorf("keep a sheet on disk: %w", err)
	}
	return nil
}

// bookRows are the rows of a workbook's sheet.
type bookRows struct {
	book   *Book
	file   *excelize.File
	shown  *excelize.Rows // as people see them
	line   int            // of the row that shown gave last
	stored *excelize.Rows // as they are kept; nil until that is wanted
	behind int            // line of the row that stored is at
}

// contain makes damage of a panic in the reader of cells, which is made for files that are
// as they should be.
func (r *bookRows) contain(err *error) {
	if cause := recover(); cause != nil {
		*err = damaged(fmt.Errorf("the reader of cells gave up: %v", cause))
	}
}

func (r *bookRows) next() (line int, cells []string, err error) {
	defer r.contain(&err)
	if r.shown == nil {
		return r.line, nil, io.EOF // closed
	}
	for r.line < r.book.lines && r.shown.Next() { // which goes on behind the data
		r.line++
		cells, err := r.shown.Columns()
		if err != nil {
			return r.line, nil, damaged(err)
		}
		if len(cells) > rowCells {
			return r.line, nil, tooManyCells(r.line)
		}
		empty := true
		for i, cell := range cells {
			if cells[i], err = cleanCell(cell, r.line); err != nil {
				return r.line, nil, err
			}
			empty = empty && cells[i] == ""
		}
		if !empty {
			return r.line, cells, nil
		}
	}
	if r.line < r.book.lines {
		return r.line, nil, damaged(errShort)
	}
	return r.line, nil, io.EOF
}

// cleanCell trims a cell, as those of CSV are.
func cleanCell(cell string, line int) (string, error) {
	if strings.IndexByte(cell, 0) >= 0 || !utf8.ValidString(cell) {
		return "", malformed(line, "a cell on line %d holds a character that is none", line)
	}
	cell = strings.TrimSpace(cell)
	if strings.IndexByte(cell, '\r') >= 0 {
		cell = strings.ReplaceAll(cell, "\r\n", "\n")
	}
	return cell, nil
}

// number looks at what is kept where what is shown cannot be a number because of its
// format: 1.01E+09, or 1,012,345,678.
func (r *bookRows) number(column int, shown string) (_ string, err error) {
	if shown == "" || strings.Trim(shown, "0123456789.,+Ee") != "" {
		return shown, nil
	}
	if _, err := korea.ParseMobile(shown); err == nil {
		return shown, nil
	}
	defer r.contain(&err)
	cells, err := r.kept()
	if err != nil || column >= len(cells) {
		return shown, err
	}
	stored := strings.TrimSpace(cells[column])
	n, err := strconv.ParseFloat(stored, 64)
	if err != nil || stored == shown || n != math.Trunc(n) || n < 1 || n >= 1e15 {
		return shown, nil // text, whose digits may be lost already, or no number of a phone
	}
	whole := strconv.FormatFloat(n, 'f', 0, 64)
	if _, err := korea.ParseMobile(whole); err != nil {
		return shown, nil
	}
	return whole, nil
}

// kept gives the cells of the row in hand as they are kept. The rows before it are passed
// over, and few lists have such a row.
func (r *bookRows) kept() (cells []string, err error) {
	if r.stored == nil {
		if r.stored, err = r.file.Rows(ownSheet); err != nil {
			return nil, damaged(err)
		}
	}
	for r.behind < r.line {
		if !r.stored.Next() {
			return nil, damaged(errShort)
		}
		r.behind++
	}
	cells, err = r.stored.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, damaged(err)
	}
	return cells, nil
}

func (r *bookRows) extra() string {
	return "empty the cells beside the list, or name their columns"
}

func (r *bookRows) encoding() string { return string(XLSX) }

func (r *bookRows) close() (err error) {
	for _, rows := range []*excelize.Rows{r.shown, r.stored} {
		if rows != nil {
			err = errors.Join(err, rows.Close())
		}
	}
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	r.shown, r.stored, r.file = nil, nil, nil
	return err
}
