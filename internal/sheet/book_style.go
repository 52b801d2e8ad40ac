package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of formats. Excel itself allows 65,490 styles and some 250 formats of 255 characters.
const (
	mostStyles    = 100_000
	mostFormats   = 1_000
	longestFormat = 1_024
)

var errStyle = errors.New("its formats cannot be read")

// formats are the number formats of a workbook: all that is read of its styles.
type formats struct {
	codes  map[int]string // by their number
	styles []int          // the number of each style's format
}

// read reads them from the part with the styles.
func (f *formats) read(part *zip.File) error {
	f.codes = map[int]string{}
	return walk(part, visitor{begin: func(path []string, attrs []xml.Attr, _ int64) error {
		if len(path) != 3 || path[0] != "styleSheet" {
			return nil
		}
		switch path[1] + "/" + path[2] {
		case "numFmts/numFmt":
			number, err := strconv.Atoi(attribute(attrs, "numFmtId"))
			code := attribute(attrs, "formatCode")
			if err != nil || len(code) > longestFormat || len(f.codes) == mostFormats {
				return errStyle
			}
			f.codes[number] = code
		case "cellXfs/xf":
			number := 0
			if text := attribute(attrs, "numFmtId"); text != "" {
				var err error
				if number, err = strconv.Atoi(text); err != nil {
					return errStyle
				}
			}
			if len(f.styles) == mostStyles {
				return errStyle
			}
			f.styles = append(f.styles, number)
		}
		return nil
	}})
}

// builtIn are formats that files name by their number alone and that the reader of cells
// does not know, or only as they look in English: what Excel shows for them in Korea.
var builtIn = map[int]string{
	5: `"₩"#,##0;\-"₩"#,##0`, 6: `"₩"#,##0;\-"₩"#,##0`,
	7: `"₩"#,##0.00;\-"₩"#,##0.00`, 8: `"₩"#,##0.00;\-"₩"#,##0.00`,
	14: `yyyy\-mm\-dd`, 20: `h:mm`, 21: `h:mm:ss`, 22: `yyyy\-mm\-dd\ h:mm`,
	27: `yyyy"年" mm"月" dd"日"`, 28: `mm\-dd`, 29: `mm\-dd`, 30: `mm\-dd\-yy`,
	31: `yyyy"년" mm"월" dd"일"`, 32: `h"시" mm"분"`, 33: `h"시" mm"분" ss"초"`,
	34: `yyyy\-mm\-dd`, 35: `yyyy\-mm\-dd`, 36: `yyyy"年" mm"月" dd"日"`,
	42: `"₩"#,##0;\-"₩"#,##0`, 44: `"₩"#,##0.00;\-"₩"#,##0.00`,
	50: `yyyy"年" mm"月" dd"日"`, 51: `mm\-dd`, 52: `yyyy\-mm\-dd`, 53: `yyyy\-mm\-dd`,
	54: `mm\-dd`, 55: `yyyy\-mm\-dd`, 56: `yyyy\-mm\-dd`, 57: `yyyy"年" mm"月" dd"日"`, 58: `mm\-dd`,
}

// Formats that follow the settings of the machine, as they are in Korea.
const (
	shortDate = `yyyy\-mm\-dd`
	longDate  = `[$-412]yyyy"년" m"월" d"일" dddd`
	longTime  = `[$-412]AM/PM h:mm:ss`
)

// part writes a part with these formats and nothing else.
func (f *formats) part() string {
	codes := maps.Clone(builtIn)
	maps.Copy(codes, f.codes)
	var b strings.Builder
	b.WriteString(xml.Header + `<styleSheet xmlns="` + mainSpace + `"><numFmts count="` + strconv.Itoa(len(codes)) + `">`)
	for _, number := range slices.Sorted(maps.Keys(codes)) {
		b.WriteString(`<numFmt numFmtId="` + strconv.Itoa(number) + `" formatCode="`)
		_ = xml.EscapeText(&b, []byte(codes[number])) // into memory
		b.WriteString(`"/>`)
	}
	b.WriteString(`</numFmts><cellXfs count="` + strconv.Itoa(len(f.styles)) + `">`)
	for _, number := range f.styles {
		b.WriteString(`<xf numFmtId="` + strconv.Itoa(number) + `"/>`)
	}
	b.WriteString(`</cellXfs></styleSheet>`)
	return b.String()
}
