package picture

import (
	"bytes"
	"image/color"
	"image/gif"
	"image/png"
	"strings"

	"creditmsg/internal/fault"
)

// Format is a form in which pictures are stored.
type Format string

// The formats that are read here.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	GIF  Format = "GIF"
)

// Info is what the bytes of a picture say about it.
type Info struct {
	Format        Format
	Bytes         int
	Width, Height int  // in dots, as stored: a camera that was held upright says so in Turn
	Turn          int  // of a JPEG: how it has to be turned to stand upright, 1 to 8 as EXIF counts; 1 = not at all
	Baseline      bool // of a JPEG: the form that every phone reads
	Colours       int  // of a JPEG: 1 grey, 3 colours, 4 as for print
	Notes         bool // of a JPEG: more is written into it than the picture, such as where it was taken
	Trailing      int  // bytes behind the end of a JPEG that are not zero

	memory int64 // bytes that are taken until its pixels are unpacked, at most
	scans  int   // of a JPEG: passes over all of it
}

// ErrUnknown says that bytes are no picture of a format that is read here.
var ErrUnknown = fault.Say("it is not a picture that is known here")

// Look reads what the bytes are, by their content alone and without unpacking them. Of bytes
// that are none of the three formats the error is ErrUnknown, with what they look like.
func Look(data []byte) (Info, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return lookJPEG(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return lookPNG(data)
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		c, err := gif.DecodeConfig(bytes.NewReader(data))
		if err != nil || c.Width < 1 || c.Height < 1 {
			return Info{}, fault.Say("the GIF is damaged: its header cannot be read")
		}
		return plain(GIF, data, c.Width, c.Height, 2), nil // a byte a dot, and as much again to put its lines in order
	}
	if what := looksLike(data); what != "" {
		return Info{}, fault.Say("%s: it looks like %s", ErrUnknown, fault.Word(what))
	}
	return Info{}, ErrUnknown
}

// plain is a picture that is no JPEG; depth is the bytes that a dot takes until it is unpacked.
// One line of it is held a few times more, which is most of a picture of very few lines.
func plain(f Format, data []byte, width, height int, depth int64) Info {
	dots := min(int64(width)*int64(height), 1<<40) // so that no product of it overflows
	return Info{Format: f, Bytes: len(data), Width: width, Height: height, Turn: 1, memory: dots*depth + lines*int64(width)}
}

// lines is the bytes that a dot of one line takes besides: two lines of up to eight bytes a dot
// while a PNG is read, which is three times as much over the passes of an interlaced one, and
// four bytes while it is made smaller.
const lines = 3*2*8 + 4

// lookPNG reads the header of a PNG, which has to come first: Go passes over what comes before.
func lookPNG(data []byte) (Info, error) {
	const kind, interlace = 12, 28 // where they stand in the file
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || !bytes.HasPrefix(data[kind:], []byte("IHDR")) {
		return Info{}, fault.Say("the PNG is damaged: its header cannot be read")
	}
	depth := pngDepth(c.ColorModel)
	if data[interlace] != 0 {
		depth *= 2 // its passes are unpacked one by one, beside the whole
	}
	return plain(PNG, data, c.Width, c.Height, depth), nil
}

// pngDepth is the bytes of a dot in the images that a PNG is unpacked into, at most. Whether one
// colour of a grey PNG is transparent is said behind its header: then its dots take as much as
// coloured ones.
func pngDepth(m color.Model) int64 {
	switch m {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.GrayModel, color.RGBAModel, color.NRGBAModel:
		return 4
	}
	return 1 // a palette
}

// signs are how files of other kinds begin, or what stands a few bytes behind their beginning.
var signs = []struct {
	at   int
	sign string
	what string
}{
	{0, "MZ", "a Windows program"}, {0, "\x7fELF", "a Linux program"}, {0, "#!", "a script"}, {0, "%PDF", "a PDF"},
	{0, "PK\x03\x04", "a ZIP archive or an Office document"}, {0, "\xd0\xcf\x11\xe0", "an old Office document"}, {0, "Rar!", "a RAR archive"},
	{0, "\x1f\x8b", "a gzip archive"}, {0, "BM", "a BMP picture"}, {0, "II*\x00", "a TIFF picture"}, {0, "MM\x00*", "a TIFF picture"},
	{0, "8BPS", "a Photoshop picture"}, {8, "WEBP", "a WebP picture"}, {4, "ftyphei", "a HEIC picture"}, {4, "ftypmif1", "a HEIF picture"},
	{4, "ftypavif", "an AVIF picture"}, {4, "ftyp", "a video"}, {0, "{", "JSON"}, {0, "--", "a form of another kind"},
}

// looksLike names what bytes seem to be that are no picture; empty when nothing is known.
func looksLike(data []byte) string {
	if len(data) == 0 {
		return "nothing: it is empty"
	}
	for _, s := range signs {
		if len(data) > s.at && bytes.HasPrefix(data[s.at:], []byte(s.sign)) {
			return s.what
		}
	}
	head := strings.ToLower(strings.TrimLeft(string(data[:min(len(data), 256)]), " \t\r\n\ufeff"))
	switch {
	case strings.Contains(head, "<svg"):
		return "an SVG drawing"
	case strings.HasPrefix(head, "<"):
		return "HTML or XML"
	}
	return ""
}
