package picture

import (
	"encoding/binary"
	"encoding/hex"
	"image"
	"strings"
	"testing"
)

// FuzzLook holds the readers to: no panic, and a size that makes sense beside no error.
func FuzzLook(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Look(data)
		if err != nil {
			if info != (Info{}) {
				t.Errorf("got %+v beside an error", info)
			}
			return
		}
		if info.Width < 1 || info.Height < 1 || info.memory < 1 || info.Bytes != len(data) || info.Turn < 1 || info.Turn > 8 || info.Trailing > len(data) {
			t.Errorf("got %+v", info)
		}
		for _, why := range Common.Lacks(info) {
			if why.String() == "" {
				t.Error("something keeps it from being sent, and is not said")
			}
		}
	})
}

// FuzzMend holds Mend to: no panic, and what it gives fits.
func FuzzMend(f *testing.F) {
	seed(f)
	limits := Limits{Bytes: 4_000, Width: 32, Height: 24}
	f.Fuzz(func(t *testing.T, data []byte) {
		if info, err := Look(data); err != nil || info.memory > 1<<20 {
			return // so that thousands of them take no time
		}
		out, info, err := Mend(data, limits)
		if err == nil && (len(limits.Lacks(info)) > 0 || Sound(out) != nil || info.Turn != 1) {
			t.Errorf("got %+v: %q", info, limits.Lacks(info))
		}
	})
}

func seed(f *testing.F) {
	img := corners(20, 12)
	f.Add(asJPEG(f, img, 75))
	f.Add(withPart(asJPEG(f, img, 75), markAPP1, exif(binary.BigEndian, 5)))
	f.Add(asPNG(f, img))
	f.Add(asPNG(f, image.NewNRGBA64(image.Rect(0, 0, 3, 3))))
	f.Add(asGIF(f, img))
	f.Add(progressive)
	f.Add(pngOf(f, 70_000, 70_000))
	f.Add([]byte("MZ\x90\x00"))
	f.Add([]byte("\xff\xd8\xff\xc0\x00\x11\x08\x00\x08\x00\x08\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9"))
}

// progressive is a progressive JPEG of 8 × 8 dots, which nothing in Go writes: one pass with
// the averages of three colours, all of them zero.
var progressive = func() []byte {
	var out []byte
	for _, part := range []string{
		"ffd8",
		"ffdb004300" + strings.Repeat("01", 64), // what the coefficients are multiplied by
		"ffc20011080008000803" + "011100" + "021100" + "031100", // the frame
		"ffc4001400" + "01" + strings.Repeat("00", 15) + "00",   // one code, of one bit, for zero
		"ffda000c03" + "0100" + "0200" + "0300" + "000000",      // the pass
		"1f", // that code three times, filled up with ones
		"ffd9",
	} {
		b, _ := hex.DecodeString(part) // the tests that use it notice what is wrong with it
		out = append(out, b...)
	}
	return out
}()
