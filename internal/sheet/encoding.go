package sheet

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// encoding is what the first reading found out.
type encoding struct {
	cp949 bool // otherwise UTF-8
	skip  int  // bytes of the mark at the beginning
}

const mark = "\xef\xbb\xbf"

// signatures are beginnings of files that are no text in a known encoding. Longer
// ones stand before their own beginnings.
var signatures = []struct{ bytes, what string }{
	{"\xff\xfe\x00\x00", "text in UTF-32 (little-endian)"},
	{"\x00\x00\xfe\xff", "text in UTF-32 (big-endian)"},
	{"\xff\xfe", "text in UTF-16 (little-endian)"},
	{"\xfe\xff", "text in UTF-16 (big-endian)"},
	{zipMark, "an Excel workbook (xlsx), not CSV"},
	{compoundMark, "an old Excel workbook (xls), not CSV"},
}

// findEncoding reads r to its end. Valid UTF-8 is UTF-8; anything else has to be
// CP949 from the first byte to the last. It goes line by line, because no character
// of either encoding holds a line end.
func findEncoding(r io.Reader) (encoding, error) {
	var enc encoding
	var utf, cp attempt
	in := bufio.NewReaderSize(r, rowBytes)
	start, err := in.Peek(signatureBytes)
	if err != nil && err != io.EOF {
		return enc, fmt.Errorf("read sheet: %w", err)
	}
	if err := refuseSignature(start); err != nil {
		return enc, err
	}
	if bytes.HasPrefix(start, []byte(mark)) {
		enc.skip = len(mark)
	}
	offset := int64(0)
	for line := 1; ; line++ {
		text, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return enc, tooLong(line)
		}
		if err != nil && err != io.EOF {
			return enc, fmt.Errorf("read sheet, line %d: %w", line, err)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return enc, unreadable(line, "a NUL byte stands on line %d: the file is UTF-16 or no text at all", line)
		}
		utf.try(scanUTF8, text, offset, line)
		cp.try(korea.ScanCP949, text, offset, line)
		if err == io.EOF {
			return decide(enc, utf, cp)
		}
		offset += int64(len(text))
	}
}

// attempt is the reading of a file in one encoding.
type attempt struct {
	line   int   // of the first byte that is no character; 0 = none so far
	offset int64 // of that byte
}

func (a *attempt) try(valid func([]byte) int, text []byte, offset int64, line int) {
	if a.line > 0 {
		return
	}
	if n := valid(text); n < len(text) {
		a.line, a.offset = line, offset+int64(n)
	}
}

// decide weighs the two readings of the whole file. When both fail, the one that
// came further is the one meant, and its line the one to look at.
func decide(enc encoding, utf, cp attempt) (encoding, error) {
	switch {
	case utf.line == 0:
		return enc, nil
	case enc.skip > 0:
		return enc, unreadable(utf.line, "the file begins as UTF-8, but a byte on line %d is not UTF-8", utf.line)
	case cp.line == 0:
		enc.cp949 = true
		return enc, nil
	case utf.offset > cp.offset:
		return enc, unreadable(utf.line, "the file is neither UTF-8 nor CP949: read as UTF-8, line %d holds a byte that is no character", utf.line)
	default:
		return enc, unreadable(cp.line, "the file is neither UTF-8 nor CP949: read as CP949, line %d holds a byte that is no character", cp.line)
	}
}

const signatureBytes = 4

func refuseSignature(chunk []byte) error {
	for _, s := range signatures {
		if bytes.HasPrefix(chunk, []byte(s.bytes)) {
			return unreadable(1, "the file is %s", fault.Word(s.what))
		}
	}
	return nil
}

func unreadable(line int, format string, args ...any) *fault.Error {
	f := fault.New(fault.Invalid, fault.CodeUnsupportedEncoding, "%s; save it as “CSV UTF-8”", fault.Say(format, args...))
	return f.At(pointer(line), "not readable as UTF-8 or CP949")
}

// scanUTF8 gives the length of the longest beginning of b that is whole, valid UTF-8.
func scanUTF8(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}
