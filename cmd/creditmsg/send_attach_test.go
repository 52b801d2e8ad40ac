package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

// files writes files into a folder of their own and gives their paths.
func files(t *testing.T, contents map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestPicturesAreUploadedAndNamedInTheMessage(t *testing.T) {
	folder := files(t, map[string]string{"a,b.jpg": "JPEG one", "봄.png": "PNG two"})
	for name, more := range map[string][]string{"sent": nil, "estimated": {"--dry-run"}} {
		a := newAPI(t)
		code, _, errs := a.send(t, append([]string{"--strategy", "sms_only", "--text", "여름 할인", "--to", "01012345678",
			"--attach", folder + "/a,b.jpg", "--attach", folder + "/봄.png", "--resize"}, more...)...)
		if code != 0 || errs != "" {
			t.Fatalf("%s: exit %d, %s", name, code, errs)
		}
		if diff := cmp.Diff([]string{"name=a%2Cb.jpg&resize=true JPEG one", "name=%EB%B4%84.png&resize=true PNG two"}, a.uploads); diff != "" {
			t.Errorf("%s: uploads (-want +got):\n%s", name, diff)
		}
		want := map[string]any{"body": "여름 할인", "attachments": []any{"att_1", "att_2"}}
		if diff := cmp.Diff(want, a.only(t).message["text"]); diff != "" {
			t.Errorf("%s: text (-want +got):\n%s", name, diff)
		}
	}
}

func TestAPictureThatIsRefusedSendsNothing(t *testing.T) {
	folder := files(t, map[string]string{"x.jpg": "MZ", "x.png": "PNG", "good.jpg": "JPEG"})
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"a program": {[]string{"--attach", folder + "/good.jpg", "--attach", folder + "/x.jpg"}, []string{"upload " + folder + "/x.jpg", "it looks like a program"}},
		"a drawing": {[]string{"--attach", folder + "/x.png"}, []string{"cannot be sent as it is", "  /file: the picture is a PNG\n", "hint: --resize makes most pictures fit"}},
	} {
		a := newAPI(t)
		code, _, errs := a.send(t, append([]string{"--strategy", "sms_only", "--text", "x", "--to", "01012345678"}, c.args...)...)
		if wants(t, name, errs, c.says...); code != 1 || len(a.writes()) != 0 {
			t.Errorf("%s: exit %d and %d messages, want 1 and none", name, code, len(a.writes()))
		}
		code, out, _ := a.send(t, append([]string{"--strategy", "sms_only", "--text", "x", "--to", "01012345678", "--json"}, c.args...)...)
		if code != 1 || object(t, out)["status"] == nil {
			t.Errorf("%s: exit %d and %s, want the problem as JSON", name, code, out)
		}
	}
}

func TestAFileThatIsNoPictureForSureIsNotUploaded(t *testing.T) {
	folder := files(t, map[string]string{"empty.jpg": "", "huge.jpg": strings.Repeat("x", client.AttachmentBytes+1)})
	for file, says := range map[string]string{"none.jpg": "no such file", "empty.jpg": "is empty", "huge.jpg": "larger than 10 MiB"} {
		a := newAPI(t)
		code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--to", "01012345678", "--attach", folder+"/"+file)
		if wants(t, file, errs, says); code != 1 || len(a.uploads)+len(a.writes()) != 0 {
			t.Errorf("%s: exit %d, %d uploads and %d messages", file, code, len(a.uploads), len(a.writes()))
		}
	}
}

func TestAPictureBelongsToAText(t *testing.T) {
	folder := files(t, map[string]string{"a.jpg": "JPEG"})
	for _, args := range [][]string{{"--template", "T", "--attach", folder + "/a.jpg"}, {"--text", "x", "--resize"}} {
		a := newAPI(t)
		code, _, errs := a.send(t, append([]string{"--strategy", "alimtalk_first", "--to", "01012345678"}, args...)...)
		if wants(t, args[0], errs, "belong"); code != 2 || len(a.uploads) != 0 {
			t.Errorf("%v: exit %d, want 2", args, code)
		}
	}
}
