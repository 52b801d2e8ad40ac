package site

import (
	"bytes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"creditmsg/internal/id"
)

// testKey is the key of data that is all one byte.
func testKey(t testing.TB, b byte) *Key {
	t.Helper()
	k, err := newKey(bytes.Repeat([]byte{b}, keySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestASealedValueOpensOnlyUnchangedWithItsKeyAndContext(t *testing.T) {
	key, other := testKey(t, 1), testKey(t, 2)
	rapid.Check(t, func(rt *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(rt, "plain")
		context := rapid.String().Draw(rt, "context")
		sealed := key.Seal(context, plain)
		got, err := key.Open(context, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			rt.Fatalf("Open: got %x, %v; want %x", got, err, plain)
		}
		if sealed[0] != sealedV1 || bytes.Equal(sealed, key.Seal(context, plain)) {
			rt.Fatalf("sealed %x: want form %d first, and other bytes each time", sealed, sealedV1)
		}
		if _, err := other.Open(context, sealed); err == nil {
			rt.Fatal("another key opens it")
		}
		if _, err := key.Open(context+"x", sealed); err == nil {
			rt.Fatal("it opens in another context")
		}
		bit := rapid.IntRange(0, len(sealed)*8-1).Draw(rt, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := key.Open(context, sealed); err == nil {
			rt.Fatalf("it opens with bit %d changed", bit)
		}
		if _, err := key.Open(context, sealed[:rapid.IntRange(0, len(sealed)-1).Draw(rt, "cut")]); err == nil {
			rt.Fatal("it opens cut short")
		}
	})
}

func TestASealedNumberOpensOnlyForItsRecipient(t *testing.T) {
	key, other := testKey(t, 1), testKey(t, 2)
	rapid.Check(t, func(rt *rapid.T) {
		message, seq, mobile := id.New(), rapid.Uint32().Draw(rt, "seq"), rapid.Uint32().Draw(rt, "mobile")
		sealed := key.SealNumber(message, seq, mobile)
		if got, ok := key.OpenNumber(message, seq, sealed); !ok || got != mobile {
			rt.Fatalf("OpenNumber: got %d, %t; want %d", got, ok, mobile)
		}
		if sealed != key.SealNumber(message, seq, mobile) {
			rt.Fatal("sealing twice gives different bytes")
		}
		if sealed == key.SealNumber(message, seq+1, mobile) || sealed == other.SealNumber(message, seq, mobile) {
			rt.Fatal("two recipients, or two keys, share the bytes")
		}
		if _, ok := key.OpenNumber(message, seq+1, sealed); ok {
			rt.Fatal("it opens for another recipient")
		}
		if _, ok := key.OpenNumber(id.New(), seq, sealed); ok {
			rt.Fatal("it opens for another message")
		}
		if _, ok := other.OpenNumber(message, seq, sealed); ok {
			rt.Fatal("it opens with another key")
		}
	})
}

func TestFingerprintsDependOnTheKeyAndHardlyCollide(t *testing.T) {
	key, other := testKey(t, 1), testKey(t, 2)
	seen, shared := map[uint32]bool{}, 0
	for mobile := range uint32(20_000) {
		f := key.Fingerprint(mobile)
		if f != key.Fingerprint(mobile) {
			t.Fatalf("the fingerprint of %d changes", mobile)
		}
		if f == other.Fingerprint(mobile) {
			shared++
		}
		seen[f] = true
	}
	if len(seen) < 19_990 || shared > 2 {
		t.Errorf("%d different fingerprints of 20000, %d equal under another key; want nearly all and none", len(seen), shared)
	}
}

// What is stored must open in every later version: these values are for ever.
func TestTheFormsOfStoredValuesStayAsTheyAre(t *testing.T) {
	key := testKey(t, 1)
	message, err := id.ParseBare("01k9zzzzzzzzzzzzzzzzzzzzzz")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString(goldenSealed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Open("note 1 of demo", sealed); err != nil || string(got) != "안녕하세요" {
		t.Errorf("Open: got %q, %v", got, err)
	}
	number := key.SealNumber(message, 7, 12345678)
	mac := key.MAC([]byte("head"))
	for what, v := range map[string][2]string{
		"SealNumber": {hex.EncodeToString(number[:]), goldenNumber},
		"MAC":        {hex.EncodeToString(mac[:]), goldenMAC},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: got %s, want %s", what, v[0], v[1])
		}
	}
	if got := key.Fingerprint(12345678); got != goldenFingerprint {
		t.Errorf("Fingerprint: got %#x, want %#x", got, goldenFingerprint)
	}
	stored, err := hex.DecodeString(goldenWrapped)
	if err != nil {
		t.Fatal(err)
	}
	master, err := aead(bytes.Repeat([]byte{9}, keySize), "master 1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := unwrap(master, "site_key demo", stored); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{1}, keySize)) {
		t.Errorf("unwrap: got %x, %v", got, err)
	}
}

func TestAWrappedKeyNeedsItsMasterKeyAndPlace(t *testing.T) {
	one, err := aead(bytes.Repeat([]byte{1}, keySize), "master 1")
	if err != nil {
		t.Fatal(err)
	}
	two, err := aead(bytes.Repeat([]byte{2}, keySize), "master 1")
	if err != nil {
		t.Fatal(err)
	}
	data := fresh()
	wrapped, bare := wrap(one, "site_key demo", data), wrap(nil, "site_key demo", data)
	if got, err := unwrap(one, "site_key demo", wrapped); err != nil || !bytes.Equal(got, data) {
		t.Errorf("wrapped: got %x, %v", got, err)
	}
	if got, err := unwrap(one, "site_key demo", bare); err != nil || !bytes.Equal(got, data) {
		t.Errorf("bare, with a master key that came later: got %x, %v", got, err)
	}
	for what, try := range map[string]func() ([]byte, error){
		"without a master key":   func() ([]byte, error) { return unwrap(nil, "site_key demo", wrapped) },
		"with another":           func() ([]byte, error) { return unwrap(two, "site_key demo", wrapped) },
		"in another place":       func() ([]byte, error) { return unwrap(one, "site_key demo2", wrapped) },
		"that is cut":            func() ([]byte, error) { return unwrap(one, "site_key demo", bare[:20]) },
		"of an unknown form":     func() ([]byte, error) { return unwrap(one, "site_key demo", append([]byte{9}, data...)) },
		"with nothing stored":    func() ([]byte, error) { return unwrap(one, "site_key demo", nil) },
		"bare, but of two forms": func() ([]byte, error) { return unwrap(nil, "site_key demo", append(bare, 0)) },
	} {
		if got, err := try(); err == nil {
			t.Errorf("unwrap %s: got %x, want an error", what, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key := testKey(f, 1)
	f.Add("c", key.Seal("c", []byte("plain")))
	f.Add("", []byte{})
	f.Add("c", []byte{sealedV1})
	f.Fuzz(func(t *testing.T, context string, sealed []byte) {
		plain, err := key.Open(context, sealed)
		if err == nil && len(plain) >= len(sealed) {
			t.Fatalf("opened %d bytes to %d", len(sealed), len(plain))
		}
	})
}

func BenchmarkFingerprint(b *testing.B) {
	key := testKey(b, 1)
	for n := uint32(0); b.Loop(); n++ {
		key.Fingerprint(n)
	}
}

func BenchmarkSealNumber(b *testing.B) {
	key, message := testKey(b, 1), id.New()
	for n := uint32(0); b.Loop(); n++ {
		key.SealNumber(message, n, n)
	}
}

const (
	goldenSealed      = "0167b6123f0e36fce8475ef0c0f08ece684faa6ec4098afb49f10ef3a304ce32f5d23feaf51bfdf78d4121d1"
	goldenNumber      = "64c1e101ebc99be990981bb1fa703aa5"
	goldenMAC         = "b2a97410cdb56a909fc8b8f1ae659a87ccb52344ac61e0df8521d7bbda458457"
	goldenFingerprint = uint32(0xfac3fe05)
	goldenWrapped     = "02d21b98e6be7e0ae92bc8b0dd14af05f7fb745acab7a44605d13d0a866122d0d7070aa3238496e14b5dc7efba1539b6ff3de103905921829492743666"
)
