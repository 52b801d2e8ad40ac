package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"creditmsg/internal/fault"
)

// Bounds of the XML in a workbook. Spreadsheet programs stay far below them.
const (
	runBytes = 1 << 20 // of one text or tag
	deepest  = 64      // elements within each other
)

var (
	errHuge   = fault.Say("a text or a tag in it does not end")
	errMarkup = errors.New("its XML declares what no spreadsheet program does")
	errDeep   = errors.New("its XML is nested too deep")
	errNoXML  = errors.New("a part of it is no XML")
)

// guard hands XML on as long as every piece of it that a decoder takes as a whole is short.
// Declarations, comments and CDATA are refused: they have ends of their own.
type guard struct {
	in   io.Reader
	run  int  // bytes since the last <
	open bool // that was the last byte
}

// Read implements io.Reader.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		if g.open && rest[0] == '!' {
			return 0, errMarkup
		}
		i := bytes.IndexByte(rest, '<')
		if g.open = i >= 0; !g.open {
			i = len(rest)
		}
		if g.run += i; g.run > runBytes {
			return 0, errHuge
		}
		if g.open {
			g.run = 0
			i++
		}
		rest = rest[i:]
	}
	return n, err
}

// visitor is told of what stands in a part; what it is not interested in is nil.
type visitor struct {
	begin func(path []string, attrs []xml.Attr, at int64) error // an element begins, the last of the path
	text  func(text []byte) error
	end   func(path []string, at int64) error
}

// walk reads a part to its end, which tells that it is whole.
func walk(part *zip.File, v visitor) error {
	in, err := part.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	d := xml.NewDecoder(&guard{in: in})
	var path []string
	for elements := 0; ; {
		at := d.InputOffset()
		token, err := d.Token()
		if err == io.EOF && elements == 0 {
			return errNoXML
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", part.Name, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			elements++
			if path = append(path, t.Name.Local); len(path) > deepest {
				return errDeep
			}
			if v.begin != nil {
				err = v.begin(path, t.Attr, at)
			}
		case xml.EndElement:
			if v.end != nil {
				err = v.end(path, d.InputOffset())
			}
			path = path[:len(path)-1]
		case xml.CharData:
			if v.text != nil {
				err = v.text(t)
			}
		}
		if err != nil {
			return err
		}
	}
}

// attribute gives an attribute by its name without a prefix.
func attribute(list []xml.Attr, name string) string {
	i := slices.IndexFunc(list, func(a xml.Attr) bool { return a.Name.Local == name })
	if i < 0 {
		return ""
	}
	return list[i].Value
}
