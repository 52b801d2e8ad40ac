package test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/server"
)

func speckled(width, height int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			m.Set(x, y, color.RGBA{byte(x * y), byte(x), byte(y), 255})
		}
	}
	return m
}

// photo is a JPEG that can be sent as it is.
func photo(t *testing.T, width, height int) (content []byte, digest string) {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, speckled(width, height), nil); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(buf.Bytes())
	return buf.Bytes(), hex.EncodeToString(sum[:])
}

// bucket is an S3 service with one bucket.
func bucket(t *testing.T) (url string) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(service.Close)
	return strings.Replace(service.URL, "http://", "s3://", 1) + "/pictures/shop?tls=off&region=us-east-1"
}

// TestPicturesReachThePhoneThroughTwoProcessesThatShareABucket uploads at the one that has the
// API, with the command line, and sends from the one that works.
func TestPicturesReachThePhoneThroughTwoProcessesThatShareABucket(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		w := newPhones(t)
		c := configured(t, database, w.vendor.URL)
		c.Blob = server.BlobConfig{URL: server.Address(bucket(t)), AccessKey: "KEY", SecretKey: "SECRET"}
		door := start(t, c, server.RoleAPI)
		start(t, c, server.RoleWorker)
		office := operator(t, c)
		url, token := door.URL(), tenant(t, office, "shop", map[string]string{"alimtalk": "9", "mms": "120"})
		w.to.Store(&url)

		dir := t.TempDir()
		drawing, err := os.Create(filepath.Join(dir, "sale.png"))
		if err == nil {
			err = errors.Join(png.Encode(drawing, speckled(1600, 1200)), drawing.Close())
		}
		if err == nil { // the second is not on Kakao, and gets the MMS
			err = os.WriteFile(filepath.Join(dir, "people.csv"), []byte("전화번호,이름\n010-1000-1000,김하나\n010-0001-1000,이두리\n"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		env := []string{"CREDITMSG_URL=" + url, "CREDITMSG_TOKEN=" + token}
		send := []string{"send", "--json", "--wait", "--strategy", "alimtalk_first", "--template", "RESERVE_01", "--text", "여름 할인", "--attach", "sale.png", "--csv", "people.csv"}
		if out, err := command(t, dir, env, send...).Output(); err == nil || !strings.Contains(string(out), "resize=true") {
			t.Errorf("a drawing as it is: got %v and %s, want it refused", err, out)
		}
		var last struct {
			Status     string
			Counts     map[string]int64
			ActualCost string `json:"actual_cost"`
		}
		object(t, dir, env, &last, append(send, "--resize")...)
		if last.Status != "done" || last.Counts["delivered"] != 2 || last.ActualCost != "129.00" {
			t.Errorf("got %+v, want two delivered for 129.00", last)
		}
		shop := caller(t, url, token)
		list, err := shop.Attachments(within(t), client.Paging{})
		if err != nil || len(list.Data) != 1 {
			t.Fatalf("attachments: got %+v, %v", list.Data, err)
		}
		kept, err := shop.AttachmentContent(within(t), list.Data[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(kept)
		shown := 0
		for _, r := range w.Received() {
			switch r.Channel {
			case "mms":
				shown++
				if p := r.Pictures; len(p) != 1 || p[0].SHA256 != hex.EncodeToString(sum[:]) || p[0].Width != 1000 || p[0].Height != 750 || p[0].Bytes > 200_000 {
					t.Errorf("the phone shows %+v, want what was kept, made fit", p)
				}
			case "alimtalk":
			default:
				t.Errorf("got %+v", r)
			}
		}
		if shown != 1 || list.Data[0].InUse || len(w.Received()) != 3 {
			t.Errorf("%d MMS of %d legs, in use %v; want one MMS beside two Alimtalks", shown, len(w.Received()), list.Data[0].InUse)
		}
		proven(t, office)
	})
}

// TestPicturesReachThePhoneThroughEachVendor sends as many as each vendor takes.
func TestPicturesReachThePhoneThroughEachVendor(t *testing.T) {
	for kind, v := range map[string]struct {
		settings string
		pictures int
	}{
		"solapi": {", webhook: {secret: hook}", 1}, "nhncloud": {", webhook: {secret: hook}", 3}, "aligo": {"", 3}, "sendgo": {"", 3}, "sens": {", sms_service: ncp:sms:kr:123456789012:sim", 1},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c, err := server.LoadConfig("", []string{
				"CREDITMSG_DATABASE_URL=" + dbtest.URL(t, dbtest.Engines()[0]), "CREDITMSG_LISTEN=127.0.0.1:0", "CREDITMSG_BLOB_URL=file:" + t.TempDir(),
				fmt.Sprintf("CREDITMSG_PROVIDERS=[{name: other, kind: %s, url: 'http://127.0.0.1:0', api_key: %s, api_secret: %s%s}]",
					kind, server.SimulatorKey, server.SimulatorSecret, v.settings),
			})
			if err != nil {
				t.Fatal(err)
			}
			p := start(t, c, server.Roles...)
			office := operator(t, c)
			shop := caller(t, p.URL(), tenant(t, office, "shop", map[string]string{"mms": "120"}))
			var ids, digests []string
			for i := range v.pictures {
				content, digest := photo(t, 300+i, 200)
				a, err := shop.AddAttachment(within(t), client.NewAttachment{Name: "a.jpg", Content: content})
				if err != nil {
					t.Fatal(err)
				}
				ids, digests = append(ids, a.ID), append(digests, digest)
			}
			draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Subject: "세일", Body: greeting, Attachments: ids},
				Recipients: append(recipients("010-1000", 3), recipients("010-0003", 1)...)}
			m, err := shop.Send(within(t), draft)
			if err != nil {
				t.Fatal(err)
			}
			last, err := shop.Wait(within(t), m.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(client.Counts{Delivered: 3, Failed: 1}, last.Counts); diff != "" || last.ActualCost != "360.00" || last.Released != "120.00" {
				t.Errorf("spent %s and released %s, want 360.00 and 120.00\n%s", last.ActualCost, last.Released, diff)
			}
			all := received(t, p.SimulatorURL())
			for _, leg := range all {
				var shown []string
				for _, picture := range leg.Pictures {
					shown = append(shown, picture.SHA256)
				}
				if leg.Channel != "mms" || !slices.Equal(shown, digests) {
					t.Errorf("%s shows %v, want an MMS of %v", leg.Channel, shown, digests)
				}
			}
			if len(all) != 4 {
				t.Errorf("the vendor took %d, want four", len(all))
			}
			draft.Text.Attachments = append(draft.Text.Attachments, "att_00000000000000000000000000")
			if problem, ok := errors.AsType[*client.Problem](second(shop.Send(within(t), draft))); !ok || problem.Status != 422 {
				t.Errorf("one more that is not there: got %v, want it refused", problem)
			}
			proven(t, office)
		})
	}
}

func second[T any](_ T, err error) error { return err }
