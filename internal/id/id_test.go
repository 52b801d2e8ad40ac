package id

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

var (
	_ sql.Scanner   = (*ID)(nil)
	_ driver.Valuer = ID{}
)

func ids() *rapid.Generator[ID] {
	return rapid.Custom(func(t *rapid.T) (d ID) {
		copy(d[:], rapid.SliceOfN(rapid.Byte(), len(d), len(d)).Draw(t, "bytes"))
		return d
	})
}

func TestIDsRiseInTheOrderTheyAreMade(t *testing.T) {
	var last ID
	for range 100_000 {
		d := New()
		if bytes.Compare(d[:], last[:]) <= 0 || d.String() <= last.String() {
			t.Fatalf("%s was made after %s", d, last)
		}
		last = d
	}
	if u := uuid.UUID(last); u.Version() != 7 || u.Variant() != uuid.RFC4122 {
		t.Errorf("%s is version %d, variant %s; want a UUIDv7", u, u.Version(), u.Variant())
	}
}

func TestAnIDTellsWhenItWasMade(t *testing.T) {
	at := time.Date(2026, 11, 30, 6, 0, 0, 123_000_000, time.UTC)
	if got := From(at).Time(); !got.Equal(at) {
		t.Errorf("got %s, want %s", got, at)
	}
	before := time.Now().Truncate(time.Millisecond)
	if got := New().Time(); got.Before(before) || got.After(time.Now()) {
		t.Errorf("a new one is of %s, want it of after %s", got, before)
	}
}

func TestIDsMadeAtOnceDiffer(t *testing.T) {
	const makers, each = 8, 5_000
	made := make([][]ID, makers)
	var wait sync.WaitGroup
	for i := range made {
		wait.Go(func() {
			for range each {
				made[i] = append(made[i], New())
			}
		})
	}
	wait.Wait()
	seen := map[ID]bool{}
	for _, list := range made {
		for i, d := range list {
			if seen[d] || i > 0 && d.String() <= list[i-1].String() {
				t.Fatalf("%s is made twice or out of order", d)
			}
			seen[d] = true
		}
	}
}

func TestTextKeepsTheOrderOfTheBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := ids().Draw(t, "a"), ids().Draw(t, "b")
		if got, want := strings.Compare(a.String(), b.String()), bytes.Compare(a[:], b[:]); got != want {
			t.Fatalf("%s and %s compare as %d, their bytes as %d", a, b, got, want)
		}
	})
}

func TestIDsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := ids().Draw(t, "id")
		prefix := rapid.SampledFrom([]string{Message, Usage, Payment, Event, Webhook, Token, Attempt}).Draw(t, "prefix")
		if got, err := Parse(prefix, d.Text(prefix)); err != nil || got != d {
			t.Fatalf("Parse(%s) = %x, %v; want %x", d.Text(prefix), got, err, d)
		}
		if got, err := ParseBare(d.String()); err != nil || got != d {
			t.Fatalf("ParseBare(%s) = %x, %v; want %x", d, got, err, d)
		}
	})
}

func TestTheEndsOfTheRangeHaveKnownTexts(t *testing.T) {
	highest := ID(bytes.Repeat([]byte{0xff}, 16))
	for d, want := range map[ID]string{
		{}:      "00000000000000000000000000",
		{15: 1}: "00000000000000000000000001",
		highest: "7zzzzzzzzzzzzzzzzzzzzzzzzz",
		// The example of the TypeID specification.
		ID(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")): "01h455vb4pex5vsknk084sn02q",
	} {
		if got := d.String(); got != want {
			t.Errorf("%x is written %s, want %s", d, got, want)
		}
	}
}

func TestParseAcceptsOnlyWhatIsWritten(t *testing.T) {
	good := New().String()
	for _, text := range []string{
		"", "msg", "msg_", good, "msg" + good, "usg_" + good, "MSG_" + good, "msg__" + good[1:], "msg-" + good,
		"msg_" + strings.ToUpper(good), "msg_" + good[1:], "msg_" + good + "0", " msg_" + good,
		"msg_8" + good[1:], "msg_z" + good[1:], "msg_" + good[:25] + "i", "msg_" + good[:25] + "l", "msg_" + good[:25] + "o",
		"msg_" + good[:25] + "u", "msg_" + good[:25] + "\xff", "msg_" + good[:24] + "é", "msg_01890a5d-ac96-774b-bcce-b3020",
	} {
		if got, err := Parse(Message, text); err == nil || !got.IsZero() {
			t.Errorf("Parse(%q) = %s, %v; want an error", text, got, err)
		}
	}
	for _, text := range []string{"", "msg_" + good, good[1:], good + "0", "8" + good[1:], "/" + good[1:]} {
		if got, err := ParseBare(text); err == nil || !got.IsZero() {
			t.Errorf("ParseBare(%q) = %s, %v; want an error", text, got, err)
		}
	}
}

func TestScanReadsWhatEveryEngineGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := ids().Draw(t, "id")
		dashed := uuid.UUID(d).String()
		for name, src := range map[string]any{
			"16 bytes": d[:], "16 bytes as a string": string(d[:]), "an array": [16]byte(d),
			"dashed text": dashed, "dashed text as bytes": []byte(dashed), "upper case": strings.ToUpper(dashed),
		} {
			got := New()
			if err := got.Scan(src); err != nil || got != d {
				t.Fatalf("Scan of %s = %x, %v; want %x", name, got, err, d)
			}
		}
	})
}

func TestScanDoesNotKeepTheBytesOfTheDriver(t *testing.T) {
	want := New()
	src := bytes.Clone(want[:])
	var got ID
	if err := got.Scan(src); err != nil {
		t.Fatal(err)
	}
	clear(src)
	if got != want {
		t.Errorf("the id became %x when the driver used its buffer again", got)
	}
}

func TestScanRefusesOtherForms(t *testing.T) {
	d := New()
	dashed := uuid.UUID(d).String()
	for name, src := range map[string]any{
		"15 bytes": d[:15], "17 bytes": append(bytes.Clone(d[:]), 0), "no bytes": []byte{}, "empty text": "", "a number": int64(7), "a bool": true,
		"braces": "{" + dashed + "}", "urn": "urn:uuid:" + dashed, "no dashes": strings.ReplaceAll(dashed, "-", ""),
		"public form": d.Text(Message), "bare letters": d.String(), "misplaced dashes": strings.Replace(dashed, "-", "0", 1),
	} {
		var got ID
		if err := got.Scan(src); err == nil || !got.IsZero() {
			t.Errorf("Scan of %s = %s, %v; want an error", name, got, err)
		}
	}
}

func TestTheZeroIDIsNULL(t *testing.T) {
	if v, err := (ID{}).Value(); v != nil || err != nil {
		t.Errorf("the zero id is stored as %v, %v; want NULL", v, err)
	}
	got := New()
	if err := got.Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("NULL is read as %s, %v; want the zero id", got, err)
	}
	d := New()
	if v, err := d.Value(); err != nil || !bytes.Equal(v.([]byte), d[:]) {
		t.Errorf("%s is stored as %v, %v; want its bytes", d, v, err)
	}
	if d.IsZero() {
		t.Errorf("%s counts as absent", d)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"msg_01h455vb4pex5vsknk084sn02q", "msg_7zzzzzzzzzzzzzzzzzzzzzzzzz", "msg_8zzzzzzzzzzzzzzzzzzzzzzzzz", "msg_", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(Message, text)
		if err != nil {
			if !d.IsZero() {
				t.Fatalf("Parse(%q) = %s beside the error %v", text, d, err)
			}
			return
		}
		if d.Text(Message) != text {
			t.Fatalf("Parse accepts %q, but writes %q", text, d.Text(Message))
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("01890a5d-ac96-774b-bcce-b302099a8057"))
	f.Add([]byte("0123456789abcdef"))
	f.Add([]byte("{01890a5d-ac96-774b-bcce-b302099a8057}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var a, b ID
		errA, errB := a.Scan(src), b.Scan(string(src))
		if (errA == nil) != (errB == nil) || a != b {
			t.Fatalf("Scan(%q) = %s, %v as bytes, %s, %v as text", src, a, errA, b, errB)
		}
		if errA == nil && len(src) != len(a) && uuid.UUID(a).String() != strings.ToLower(string(src)) {
			t.Fatalf("Scan(%q) = %s", src, uuid.UUID(a))
		}
	})
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New()
	}
}

func BenchmarkText(b *testing.B) {
	d := New()
	b.ReportAllocs()
	for b.Loop() {
		_ = d.Text(Message)
	}
}

func ExampleParse() {
	d, err := Parse(Message, "msg_01h455vb4pex5vsknk084sn02q")
	fmt.Println(d.Text(Message), err)
	_, err = Parse(Usage, "msg_01h455vb4pex5vsknk084sn02q")
	fmt.Println(err)
	// Output:
	// msg_01h455vb4pex5vsknk084sn02q <nil>
	// read id "msg_01h455vb4pex5vsknk084sn02q": not an id of this form
}

func ExampleNew() {
	a, b := New(), New()
	fmt.Println(a.String() < b.String(), len(a.Text(Message)), a.IsZero())
	// Output: true 30 false
}
