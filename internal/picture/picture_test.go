package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

// corners is a picture of four fields: red, green, blue and grey, from the upper left on in
// the order of reading.
func corners(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fields := [4]color.RGBA{{220, 0, 0, 255}, {0, 200, 0, 255}, {0, 0, 220, 255}, {128, 128, 128, 255}}
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, fields[2*y/h*2+2*x/w])
		}
	}
	return img
}

// noise is a picture that no form makes small.
func noise(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(random.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asGIF(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := gif.Encode(&buf, img, nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// withPart puts a part behind the beginning of a JPEG.
func withPart(data []byte, mark byte, part []byte) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0xff, mark}, uint16(len(part)+2))
	return bytes.Join([][]byte{data[:2], head, part, data[2:]}, nil)
}

// exif is what a camera writes: how the picture has to be turned, and where it was taken.
func exif(order binary.AppendByteOrder, turn uint16) []byte {
	out := []byte("Exif\x00\x00II*\x00")
	if order == binary.BigEndian {
		out = []byte("Exif\x00\x00MM\x00*")
	}
	out = order.AppendUint32(out, 8)
	out = order.AppendUint16(out, 1)
	out = order.AppendUint16(out, tagTurn)
	out = order.AppendUint16(out, typeShort)
	out = order.AppendUint32(out, 1)
	out = order.AppendUint16(out, turn)
	return append(out, "\x00\x00\x00\x00\x00\x00 37.5665 N 126.9780 E"...)
}

// pngOf is a PNG that says it has so many dots of eight bits and four colours.
func pngOf(t testing.TB, w, h uint32) []byte {
	out := asPNG(t, image.NewNRGBA(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(out[16:], w)
	binary.BigEndian.PutUint32(out[20:], h)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func TestAPictureIsWhatItsContentSays(t *testing.T) {
	small := corners(40, 30)
	for name, c := range map[string]struct {
		data []byte
		want Info
	}{
		"a JPEG":            {asJPEG(t, small, 80), Info{Format: JPEG, Width: 40, Height: 30, Turn: 1, Baseline: true, Colours: 3}},
		"a grey JPEG":       {asJPEG(t, image.NewGray(image.Rect(0, 0, 9, 7)), 80), Info{Format: JPEG, Width: 9, Height: 7, Turn: 1, Baseline: true, Colours: 1}},
		"one that is lying": {withPart(asJPEG(t, small, 80), markAPP1, exif(binary.LittleEndian, 6)), Info{Format: JPEG, Width: 40, Height: 30, Turn: 6, Baseline: true, Colours: 3, Notes: true}},
		"one of another camera": {withPart(asJPEG(t, small, 80), markAPP1, exif(binary.BigEndian, 3)),
			Info{Format: JPEG, Width: 40, Height: 30, Turn: 3, Baseline: true, Colours: 3, Notes: true}},
		"a turn that there is not": {withPart(asJPEG(t, small, 80), markAPP1, exif(binary.BigEndian, 9)),
			Info{Format: JPEG, Width: 40, Height: 30, Turn: 1, Baseline: true, Colours: 3, Notes: true}},
		"one with a remark":        {withPart(asJPEG(t, small, 80), markCOM, []byte("of Kim")), Info{Format: JPEG, Width: 40, Height: 30, Turn: 1, Baseline: true, Colours: 3, Notes: true}},
		"something behind its end": {append(asJPEG(t, small, 80), "PK\x00\x04"...), Info{Format: JPEG, Width: 40, Height: 30, Turn: 1, Baseline: true, Colours: 3, Trailing: 3}},
		"a PNG":                    {asPNG(t, small), Info{Format: PNG, Width: 40, Height: 30, Turn: 1}},
		"a GIF":                    {asGIF(t, small), Info{Format: GIF, Width: 40, Height: 30, Turn: 1}},
		"a progressive JPEG":       {progressive, Info{Format: JPEG, Width: 8, Height: 8, Turn: 1, Colours: 3}},
	} {
		got, err := Look(c.data)
		got.memory, got.scans, c.want.Bytes = 0, 0, len(c.data)
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestWhatIsNoPictureIsToldByItsContent(t *testing.T) {
	for data, want := range map[string]string{
		"MZ\x90\x00\x03":               "a Windows program",
		"%PDF-1.7":                     "a PDF",
		"PK\x03\x04word/document.xml":  "a ZIP archive",
		"RIFF\x10\x00\x00\x00WEBPVP8 ": "a WebP picture",
		"\x00\x00\x00\x18ftypheic":     "a HEIC picture",
		"<?xml version='1.0'?><svg/>":  "an SVG drawing",
		"<html><script>":               "HTML or XML",
		"":                             "it is empty",
		"\x00\x01\x02\x03":             "not a picture",
		"\xff\xd8":                     "not a picture",
	} {
		if _, err := Look([]byte(data)); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want it unknown and to say %q", data, err, want)
		}
	}
	whole := string(asJPEG(t, corners(40, 30), 80))
	for data, want := range map[string]string{
		whole[:len(whole)/2]:                  "ends in its middle",
		whole[:20]:                            "ends in its middle",
		"\xff\xd8\xff\xd9":                    "ends before its picture begins",
		whole[:2] + whole:                     "begins twice",
		whole[:len(whole)-2] + whole[2:]:      "more than one picture",
		"\xff\xd8\xff\xe0\x00\x04ab" + "text": "damaged at byte 8",
		"\x89PNG\r\n\x1a\n" + "text":          "the PNG is damaged",
		"GIF89a":                              "the GIF is damaged",
	} {
		if _, err := Look([]byte(data)); err == nil || errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want it to say %q", data, err, want)
		}
	}
}

func TestWhatKeepsAPictureFromBeingSentIsSaid(t *testing.T) {
	fine := Info{Format: JPEG, Bytes: 200_000, Width: 1000, Height: 1000, Turn: 1, Baseline: true, Colours: 3}
	if why := Common.Lacks(fine); why != nil {
		t.Errorf("one at every limit: got %q, want nothing", why)
	}
	for want, change := range map[string]func(*Info){
		"200001 bytes": func(i *Info) { i.Bytes++ },
		"1001 × 1000":  func(i *Info) { i.Width++ },
		"1000 × 1001":  func(i *Info) { i.Height++ },
		"a PNG":        func(i *Info) { i.Format = PNG },
		"progressive":  func(i *Info) { i.Baseline = false },
		"CMYK":         func(i *Info) { i.Colours = 4 },
		"behind":       func(i *Info) { i.Trailing = 7 },
	} {
		i := fine
		change(&i)
		if why := Common.Lacks(i); len(why) != 1 || !strings.Contains(why[0].String(), want) {
			t.Errorf("got %q, want one that says %q", why, want)
		}
	}
}

func TestAPictureOfWhichAPartIsMissingIsNotSound(t *testing.T) {
	whole := asJPEG(t, noise(64, 64), 80)
	if err := Sound(whole); err != nil {
		t.Errorf("a whole one: %v", err)
	}
	cut := append(bytes.Clone(whole[:len(whole)*2/3]), 0xff, markEOI)
	if _, err := Look(cut); err != nil {
		t.Errorf("one without its lower third: got %v, want its header to be good", err)
	}
	if Sound(cut) == nil {
		t.Error("one without its lower third is sound")
	}
}

func TestWhatIsMendedFits(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		w, h int
	}{
		"a small PNG":             {asPNG(t, corners(40, 30)), 40, 30},
		"a wide one":              {asPNG(t, corners(3000, 500)), 1000, 167},
		"a high one":              {asJPEG(t, corners(500, 2400), 90), 208, 1000},
		"one of one line":         {asPNG(t, corners(5000, 1)), 1000, 1},
		"a GIF":                   {asGIF(t, corners(1200, 1200)), 1000, 1000},
		"a progressive JPEG":      {progressive, 8, 8},
		"something behind it":     {append(asJPEG(t, corners(40, 30), 80), "PK\x03\x04"...), 40, 30},
		"one with a camera's say": {withPart(asJPEG(t, corners(40, 30), 80), markAPP1, exif(binary.LittleEndian, 1)), 40, 30},
	} {
		out, info, err := Mend(c.data, Common)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if why := Common.Lacks(info); why != nil || info.Width != c.w || info.Height != c.h || Sound(out) != nil {
			t.Errorf("%s: got %+v (%q), want %d × %d that fit", name, info, why, c.w, c.h)
		}
		if bytes.Contains(out, []byte("Exif")) || bytes.Contains(out, []byte("126.9780")) || !bytes.HasPrefix(out[6:], []byte("JFIF\x00")) {
			t.Errorf("%s: got %q at its beginning, want nothing of a camera", name, out[:40])
		}
	}
}

func TestWhatIsTooManyBytesAtAnyQualityIsMadeSmaller(t *testing.T) {
	out, info, err := Mend(asPNG(t, noise(1000, 1000)), Common)
	if err != nil || len(out) > Common.Bytes || info.Width >= 1000 || info.Width < 300 {
		t.Errorf("noise: got %d bytes of %+v, %v, want fewer dots", len(out), info, err)
	}
	if _, _, err := Mend(asPNG(t, noise(8, 8)), Limits{Bytes: 10, Width: 8, Height: 8}); err == nil {
		t.Error("a limit that no JPEG keeps: got no error")
	}
}

func TestAPictureStandsUprightAfterwards(t *testing.T) {
	// Where the fields stand of a picture that says each turn, in the order of reading: what
	// the four names are is their order when it is shown right.
	shown := map[int][4]int{1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1}, 5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2}}
	for how, order := range shown {
		stored := withPart(asJPEG(t, corners(80, 40), 95), markAPP1, exif(binary.BigEndian, uint16(how)))
		out, info, err := Mend(stored, Common)
		if err != nil {
			t.Fatal(err)
		}
		if up := how >= 5; (info.Width == 40) != up || (info.Height == 80) != up {
			t.Errorf("turn %d: got %d × %d", how, info.Width, info.Height)
		}
		img, err := jpeg.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		for i, field := range order {
			x, y := info.Width/4+i%2*info.Width/2, info.Height/4+i/2*info.Height/2
			if got := nameOf(img.At(x, y)); got != field {
				t.Errorf("turn %d: field %d is %d, want %d", how, i, got, field)
			}
		}
	}
}

// nameOf tells which field of corners a colour is of.
func nameOf(c color.Color) int {
	r, g, b, _ := c.RGBA()
	switch high := uint32(0xa000); {
	case r > high && g < high:
		return 0
	case g > high && r < high:
		return 1
	case b > high && r < high:
		return 2
	}
	return 3
}

func TestWhatIsTransparentIsWhite(t *testing.T) {
	out, _, err := Mend(asPNG(t, image.NewNRGBA(image.Rect(0, 0, 20, 20))), Common)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := img.At(10, 10).RGBA(); r < 0xf000 || g < 0xf000 || b < 0xf000 {
		t.Errorf("got %x %x %x, want white", r, g, b)
	}
}

func TestADotIsTheAverageOfWhatItStandsFor(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 3, 2))
	copy(img.Pix, []byte{0, 30, 60, 90, 120, 150})
	small := shrink(img, 2, 1)
	// The first dot stands for the first column and half of the second.
	if a, b := small.Pix[0], small.Pix[4]; a != (2*0+30+2*90+120)/6 || b != (30+2*60+120+2*150)/6 {
		t.Errorf("got %d and %d, want 55 and 95", a, b)
	}
	if same := shrink(img, 3, 2); same.Pix[4] != 30 || same.Pix[len(same.Pix)-4] != 150 {
		t.Errorf("as many dots: got %v, want the same", same.Pix)
	}
}

func TestABombIsNotUnpacked(t *testing.T) {
	manyPasses := bytes.Clone(progressive)
	scan := bytes.Index(manyPasses, []byte{0xff, markSOS})
	end := len(manyPasses) - 2
	pass := bytes.Clone(manyPasses[scan:end])
	for range mostScans {
		manyPasses = append(manyPasses[:len(manyPasses)-2:len(manyPasses)-2], append(bytes.Clone(pass), 0xff, markEOI)...)
	}
	wide := bytes.Clone(progressive)
	frame := bytes.Index(wide, []byte{0xff, markSOF2})
	binary.BigEndian.PutUint16(wide[frame+5:], 60_000)
	binary.BigEndian.PutUint16(wide[frame+7:], 60_000)
	for name, data := range map[string][]byte{"a PNG of a trillion dots": pngOf(t, 1_000_000, 1_000_000), "a JPEG": wide, "a JPEG of very many passes": manyPasses,
		"a GIF": append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), ';')} {
		if _, err := Look(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := Mend(data, Common); !errors.Is(err, ErrHuge) {
			t.Errorf("%s: got %v, want it too large", name, err)
		}
	}
}
