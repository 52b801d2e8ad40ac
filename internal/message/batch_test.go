package message

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// key is the site's own key.
func (s *shop) key() (k *site.Key) {
	s.t.Helper()
	s.view(func(tx *db.Tx) (err error) { k, err = s.keys.Site(tx, s.name); return err })
	return k
}

func somePeople(t *rapid.T, variables int) []Person {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Person {
		return Person{Mobile: rapid.Uint32Range(0, 99_999_999).Draw(t, "mobile"), Class: rapid.Uint8Range(0, maxClasses-1).Draw(t, "class"),
			Index: rapid.Uint32().Draw(t, "index"), Values: rapid.SliceOfN(rapid.String(), variables, variables).Draw(t, "values")}
	}), 1, 200).Draw(t, "people")
}

func TestABatchIsUnpackedAsItWasPacked(t *testing.T) {
	key := one(t).key()
	rapid.Check(t, func(t *rapid.T) {
		variables := rapid.IntRange(0, 4).Draw(t, "variables")
		people := somePeople(t, variables)
		var p packer
		counts := map[uint8]int64{}
		for _, who := range people {
			p.add(who, key.Fingerprint(who.Mobile))
			counts[who.Class]++
		}
		m := id.New()
		full, err := p.seal(key, m, 7)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpack(key, m, 7, full.body, variables)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(people, got); diff != "" {
			t.Fatalf("-packed +unpacked\n%s", diff)
		}
		for class, n := range full.counts {
			if counts[uint8(class)] != n {
				t.Fatalf("class %d is counted %d times, want %d", class, n, counts[uint8(class)])
			}
		}
		if p.size != 0 || len(p.plain) != 0 || full.size != len(people) || full.no != 7 {
			t.Fatalf("batch %d of %d, packer left with %d", full.no, full.size, p.size)
		}
		for _, who := range people {
			if !inFinder(full.finder, key.Fingerprint(who.Mobile)) {
				t.Fatalf("the finder misses a number that is in its batch")
			}
		}
	})
}

func TestAFinderHoldsExactlyItsHashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOf(rapid.Uint32()).Draw(t, "hashes")
		slices.Sort(hashes)
		var finder []byte
		for _, h := range hashes {
			finder = binary.BigEndian.AppendUint32(finder, h)
		}
		probe := rapid.OneOf(rapid.Uint32(), rapid.SampledFrom(append(hashes, 0, 1<<32-1))).Draw(t, "probe")
		if got, want := inFinder(finder, probe), slices.Contains(hashes, probe); got != want {
			t.Fatalf("found %t, want %t", got, want)
		}
	})
}

func TestADamagedBodyIsRefused(t *testing.T) {
	key, other := one(t).key(), one(t).key()
	var p packer
	for i := range 50 {
		p.add(Person{Mobile: uint32(i), Values: []string{fmt.Sprint("값", i)}}, uint32(i))
	}
	m := id.New()
	full, err := p.seal(key, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range full.body {
		bad := bytes.Clone(full.body)
		bad[i] ^= 1
		if _, err := unpack(key, m, 0, bad, 1); err == nil {
			t.Fatalf("a body with byte %d changed is read", i)
		}
	}
	for name, read := range map[string]func() ([]Person, error){
		"of another message": func() ([]Person, error) { return unpack(key, id.New(), 0, full.body, 1) },
		"of another batch":   func() ([]Person, error) { return unpack(key, m, 1, full.body, 1) },
		"of another site":    func() ([]Person, error) { return unpack(other, m, 0, full.body, 1) },
		"cut short":          func() ([]Person, error) { return unpack(key, m, 0, full.body[:len(full.body)-1], 1) },
		"empty":              func() ([]Person, error) { return unpack(key, m, 0, nil, 1) },
	} {
		if _, err := read(); err == nil {
			t.Errorf("a body %s is read", name)
		}
	}
	for _, secret := range []string{"값1", "값49"} {
		if bytes.Contains(full.body, []byte(secret)) {
			t.Errorf("the stored body tells %q", secret)
		}
	}
}

func FuzzReadPeople(f *testing.F) {
	var p packer
	p.add(Person{Mobile: 12_345_678, Class: 3, Index: 300, Values: []string{"가", ""}}, 1)
	f.Add(p.plain, 2)
	f.Add([]byte{}, 0)
	f.Add([]byte{0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 1)
	f.Fuzz(func(t *testing.T, plain []byte, variables int) {
		if variables < 0 || variables > 16 {
			return
		}
		people, err := readPeople(plain, variables)
		if err != nil {
			return
		}
		var again packer
		for _, who := range people {
			again.add(who, 0)
		}
		back, err := readPeople(again.plain, variables)
		if diff := cmp.Diff(people, back); diff != "" || err != nil {
			t.Errorf("read %d people, %v; packed again: -want +got\n%s", len(people), err, diff)
		}
	})
}

func TestRejectionsAreUnpackedAsTheyWerePacked(t *testing.T) {
	key := one(t).key()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Rejection {
			return Rejection{rapid.Int64Min(0).Draw(t, "index"), rapid.String().Draw(t, "to"), rapid.String().Draw(t, "code"), rapid.String().Draw(t, "detail"), rapid.Int64Min(0).Draw(t, "line")}
		}), 1, 50).Draw(t, "rejections")
		var r refuser
		for _, one := range list {
			r.add(one)
		}
		m := id.New()
		full, err := r.seal(key, m)
		if err != nil {
			t.Fatal(err)
		}
		if r.no != 1 || r.size != 0 || full.size != len(list) {
			t.Fatalf("packer at pack %d with %d left, the pack has %d", r.no, r.size, full.size)
		}
		got, err := openRejects(key, m, 0, full.body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, got); diff != "" {
			t.Fatalf("-packed +unpacked\n%s", diff)
		}
		if _, err := openRejects(key, m, 1, full.body); err == nil {
			t.Fatal("rejections of another pack are read")
		}
		bad := bytes.Clone(full.body)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "byte")] ^= 0x10
		if _, err := openRejects(key, m, 0, bad); err == nil {
			t.Fatal("damaged rejections are read")
		}
	})
}
