package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// How files begin that are mistaken for others.
const (
	zipMark      = "PK\x03\x04"       // archives, and so workbooks
	compoundMark = "\xd0\xcf\x11\xe0" // old workbooks, and new ones with a password
)

// Bounds of workbooks. Those who keep to them can be far larger than a list of
// recipients may be.
const (
	bookBytes      = 128 << 20 // of the file
	directoryBytes = 2 << 20   // of the list of its parts
	sheetBytes     = 512 << 20 // of the sheet and the texts of its cells, unpacked
	stylesBytes    = 16 << 20  // of the part with the formats
	smallBytes     = 4 << 20   // of the parts that tell where the others are
	fewBytes       = 8 << 20   // of which a part may unpack to any number of times its size
	mostTimes      = 250       // how often its size a larger one may; sheets are below 50
)

// Book is a sheet of a workbook (XLSX) that was looked through: it is whole, and reading
// it takes little memory.
type Book struct {
	archive *archive
	options Options
	name    string   // of the sheet
	names   []string // of all sheets with cells, in the order of the file, those that people see first
	sheet   *zip.File
	texts   *zip.File // the shared texts; nil = every cell holds its own
	styles  *zip.File // nil = no cell has a format

	since1904 bool // days are counted from there
	lines     int  // number of the last row
	strings   int  // how many shared texts there are
	formats   formats
}

// OpenBook finds the sheet of a workbook of so many bytes and looks through it once. r
// stays the book's until nobody reads its rows any more.
func OpenBook(r io.ReaderAt, size int64, o Options) (*Book, error) {
	b := &Book{options: o}
	from := &archiveFile{in: r, left: unbounded}
	err := refuseOthers(from, size)
	if err == nil {
		b.archive, err = openArchive(from, size)
	}
	if err == nil {
		err = b.find()
	}
	if err == nil {
		err = b.survey()
	}
	if err != nil {
		return nil, from.wrong(err)
	}
	return b, nil
}

// IsBook reports whether a file begins as workbooks do, old and protected ones too, of which
// OpenBook tells what is wrong with them.
func IsBook(r io.ReaderAt) bool {
	start := make([]byte, signatureBytes)
	_, err := r.ReadAt(start, 0)
	return err == nil && (string(start) == zipMark || string(start) == compoundMark)
}

// Sheet is the name of the sheet that is read.
func (b *Book) Sheet() string { return b.name }

// Sheets are the names of those that could be read, in the order of the workbook and with the
// hidden ones last.
func (b *Book) Sheets() []string { return slices.Clone(b.names) }

// Memory is about how many bytes reading the rows takes at most.
func (b *Book) Memory() int64 { return 12<<20 + int64(b.strings)*64 }

// Disk is about how many bytes of temporary files each reader of its rows needs.
func (b *Book) Disk() int64 {
	n := b.sheet.UncompressedSize64 + b.sheet.CompressedSize64
	if b.texts != nil {
		n += 2*b.texts.UncompressedSize64 + b.texts.CompressedSize64 // the texts alone stand in a file of their own
	}
	return int64(n)
}

// archiveFile is the file as the archive reads it. It tells the faults of a file from those
// of the file system.
type archiveFile struct {
	in   io.ReaderAt
	left int64 // how much may still be read
	err  error // the first error of in
}

const unbounded = 1 << 62

var (
	errDirectory = fault.Say("the list of parts is too long")
	errPlace     = errors.New("a part begins before the file")
)

// ReadAt reads within the bound.
func (f *archiveFile) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errPlace
	}
	if f.left -= int64(len(p)); f.left < 0 {
		return 0, errDirectory
	}
	n, err := f.in.ReadAt(p, offset)
	if err != nil && err != io.EOF && f.err == nil {
		f.err = err
	}
	return n, err
}

// wrong words an error: what is neither a fault nor the file system's is damage.
func (f *archiveFile) wrong(err error) error {
	if f.err != nil {
		return fmt.Errorf("read workbook: %w", f.err)
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, errDirectory) || errors.Is(err, errHuge) {
		return tooMuch("%s", err)
	}
	return damaged(err)
}

func damaged(err error) *fault.Error {
	return fault.Wrap(err, fault.Malformed, fault.CodeMalformed,
		"the workbook is damaged: open it in a spreadsheet program, save it anew and try again").At(pointer(1), "not readable as xlsx")
}

func tooMuch(format string, args ...any) *fault.Error {
	return fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "the workbook takes too much to read, %s: save the sheet alone, or as CSV", fault.Say(format, args...)).
		At(pointer(1), "too large")
}

func noBook(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, fault.CodeUnsupportedEncoding, format, args...).At(pointer(1), "not an Excel workbook (xlsx)")
}

// refuseOthers refuses what is no archive, by what it is instead.
func refuseOthers(r io.ReaderAt, size int64) error {
	if size > bookBytes {
		return tooMuch("the file is larger than %d MiB", bookBytes>>20)
	}
	start := make([]byte, min(size, 512))
	if _, err := r.ReadAt(start, 0); err != nil && err != io.EOF {
		return err
	}
	switch {
	case len(start) == 0:
		return noBook("the file is empty, and no Excel workbook (xlsx)")
	case bytes.HasPrefix(start, []byte(zipMark)):
		return nil
	case bytes.HasPrefix(start, []byte(compoundMark)):
		locked, err := holds(r, size, "EncryptedPackage")
		if err != nil {
			return err
		}
		if locked {
			return withPassword()
		}
		return noBook("the file is an old Excel workbook (xls): save it as xlsx, or as CSV UTF-8")
	case bytes.IndexByte(start, 0) < 0:
		return noBook("the file is no Excel workbook (xlsx): it looks like text, give it as CSV")
	}
	return noBook("the file is no Excel workbook (xlsx)")
}

func withPassword() error {
	return noBook("the workbook is protected with a password: save it without one")
}

// holds looks for the name of a part of a compound file, which is written in UTF-16.
func holds(r io.ReaderAt, size int64, name string) (bool, error) {
	wide := make([]byte, 0, 2*len(name))
	for _, c := range []byte(name) {
		wide = append(wide, c, 0)
	}
	const window = 64 << 10
	chunk := make([]byte, window+len(wide))
	for at := int64(0); at < size; at += window {
		n, err := r.ReadAt(chunk, at)
		if err != nil && err != io.EOF {
			return false, err
		}
		if bytes.Contains(chunk[:n], wide) {
			return true, nil
		}
	}
	return false, nil
}

// archive is the parts of a workbook by their names, whose case does not count.
type archive struct {
	file  *archiveFile
	parts map[string]*zip.File // nil = several have the name
}

func openArchive(from *archiveFile, size int64) (*archive, error) {
	from.left = directoryBytes
	list, err := zip.NewReader(from, size)
	from.left = unbounded
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are only looked up
		return nil, err
	}
	a := &archive{file: from, parts: make(map[string]*zip.File, len(list.File))}
	for _, f := range list.File {
		name := partName(f.Name)
		if _, twice := a.parts[name]; twice {
			f = nil
		}
		a.parts[name] = f
	}
	return a, nil
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

var errMissing = errors.New("a part is missing, or there twice")

// part gives a part that has to be there once, and not larger than limit.
func (a *archive) part(name string, limit uint64) (*zip.File, error) {
	f := a.parts[partName(name)]
	switch {
	case f == nil:
		return nil, fmt.Errorf("%w: %s", errMissing, name)
	case f.Flags&1 != 0:
		return nil, withPassword()
	case f.UncompressedSize64 > limit:
		return nil, tooMuch("a part of it unpacks to more than %d MiB", limit>>20)
	case f.UncompressedSize64 > fewBytes && f.UncompressedSize64/mostTimes > f.CompressedSize64:
		return nil, tooMuch("a part of it unpacks to more than %d times its size", mostTimes)
	}
	return f, nil
}

// workbookPart is what the list of sheets says.
type workbookPart struct {
	Properties struct {
		Date1904 string `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Sheets []sheetEntry `xml:"sheets>sheet"`
}

type sheetEntry struct {
	Name  string `xml:"name,attr"`
	State string `xml:"state,attr"`
	Rel   string `xml:"id,attr"`
}

func (e sheetEntry) hidden() bool { return e.State != "" && e.State != "visible" }

// relations are the parts that a part refers to.
type relations struct {
	List []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
	dir string
}

// target is the name of the first part of a kind, which ends its type; with an id that one alone.
func (r *relations) target(kind, id string) (name string, ok bool) {
	for _, one := range r.List {
		if strings.HasSuffix(one.Type, "/"+kind) && (id == "" || one.ID == id) {
			if strings.HasPrefix(one.Target, "/") {
				return path.Clean(one.Target), true
			}
			return path.Join(r.dir, one.Target), true
		}
	}
	return "", false
}

// decode reads a small part whole.
func (a *archive) decode(name string, into any) error {
	f, err := a.part(name, smallBytes)
	if err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	err = xml.NewDecoder(&guard{in: in}).Decode(into)
	if err == nil {
		_, err = io.Copy(io.Discard, in) // whose end says whether it is whole
	}
	return err
}

func (a *archive) relations(of string) (*relations, error) {
	dir, base := path.Split(of)
	r := &relations{dir: strings.TrimSuffix(dir, "/")}
	return r, a.decode(dir+"_rels/"+base+".rels", r)
}

// find finds the parts that are read.
func (b *Book) find() error {
	top, err := b.archive.relations("")
	if err != nil {
		if errors.Is(err, errMissing) {
			return noBook("the file is an archive, but no Excel workbook (xlsx)")
		}
		return err
	}
	main, ok := top.target("officeDocument", "")
	if !ok || strings.HasSuffix(main, ".bin") {
		return noBook("the file is no Excel workbook (xlsx): save it as xlsx, or as CSV UTF-8")
	}
	var book workbookPart
	if err := b.archive.decode(main, &book); err != nil {
		return err
	}
	if len(book.Sheets) == 0 {
		return noBook("the file is an Office document, but no Excel workbook (xlsx)")
	}
	b.since1904 = book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true"
	near, err := b.archive.relations(main)
	if err != nil {
		return err
	}
	part, name, err := choose(book.Sheets, near, b.options.Sheet)
	if err != nil {
		return err
	}
	b.name = name
	for _, hidden := range []bool{false, true} {
		for _, e := range book.Sheets {
			if _, ok := near.target("worksheet", e.Rel); ok && e.hidden() == hidden {
				b.names = append(b.names, e.Name)
			}
		}
	}
	return b.findParts(part, near)
}

func (b *Book) findParts(name string, near *relations) (err error) {
	if b.sheet, err = b.archive.part(name, sheetBytes); err != nil {
		return err
	}
	if name, ok := near.target("sharedStrings", ""); ok {
		if b.texts, err = b.archive.part(name, sheetBytes); err != nil {
			return err
		}
		if b.texts.UncompressedSize64+b.sheet.UncompressedSize64 > sheetBytes {
			return tooMuch("its cells unpack to more than %d MiB", sheetBytes>>20)
		}
	}
	if name, ok := near.target("styles", ""); ok {
		b.styles, err = b.archive.part(name, stylesBytes)
	}
	return err
}

// choose gives the part and the name of the sheet that is named, or else of the first one with
// cells that people see.
func choose(sheets []sheetEntry, near *relations, named string) (part, name string, err error) {
	named = korea.Normalise(strings.TrimSpace(named))
	names := make([]string, len(sheets))
	for i, e := range sheets {
		part, ok := near.target("worksheet", e.Rel)
		names[i] = e.Name
		switch is := strings.EqualFold(korea.Normalise(strings.TrimSpace(e.Name)), named); {
		case is && !ok:
			return "", "", fault.New(fault.Invalid, fault.CodeValidation, "the sheet %q holds no cells; name another one", e.Name).At(pointer(1), "no cells")
		case is, named == "" && ok && !e.hidden():
			return part, e.Name, nil
		}
	}
	if named == "" {
		return "", "", fault.New(fault.Invalid, fault.CodeValidation, "every sheet with cells is hidden: name one of %s", list(names)).At(pointer(1), "no sheet")
	}
	return "", "", fault.New(fault.Invalid, fault.CodeValidation, "there is no sheet %q; the workbook has %s", named, list(names)).At(pointer(1), "no such sheet")
}
