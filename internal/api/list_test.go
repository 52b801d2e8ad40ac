package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// walk follows a list over all its pages and gives a member of each row.
func (w *world) walk(path, member string, limit int) (out []string) {
	w.t.Helper()
	cursor := ""
	for range 100 {
		g := w.get(fmt.Sprintf("%s%slimit=%d&cursor=%s", path, at(path), limit, cursor))
		for _, row := range g.rows() {
			out = append(out, fmt.Sprint(row[member]))
		}
		more := g.json()["has_more"].(bool)
		if cursor = g.cursor(); more != (cursor != "") {
			w.t.Fatalf("has_more is %v and next_cursor %q", more, cursor)
		}
		if !more {
			return out
		}
	}
	w.t.Fatalf("%s does not end", path)
	return nil
}

func TestListsArePagedWithoutGapsOrRepeats(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for range 5 {
			ids = append(ids, w.send(text)["id"].(string))
		}
		slices.Reverse(ids)
		if got := w.walk("/v1/messages", "id", 2); !slices.Equal(got, ids) {
			t.Errorf("messages: got %v, want %v", got, ids)
		}
		w.update(func(tx *db.Tx) error {
			for _, code := range []string{"B", "A", "C"} {
				if _, err := message.AddTemplate(tx, message.Template{Site: "rich", Code: code, Channel: "@demo", Body: "x"}); err != nil {
					return err
				}
			}
			return nil
		})
		for _, number := range []string{"1588-0001", "1588-0002", "1588-0003"} {
			w.post("/v1/senders", fmt.Sprintf(`{"number":%q}`, number)).is(201)
			w.post("/v1/kakao-channels", fmt.Sprintf(`{"name":"@채널%s","sender_key":"k"}`, number)).is(201)
		}
		for _, c := range []struct{ path, member, want string }{
			{"/v1/templates", "code", "A B C RESERVE_01"},
			{"/v1/senders", "number", "0261234567 15880001 15880002 15880003"},
			{"/v1/kakao-channels", "name", "@demo @채널1588-0001 @채널1588-0002 @채널1588-0003"},
			{"/v1/credit/entries", "seq", "1 2 3 4 5 6"},
			{"/v1/credit/entries?order=newest", "seq", "6 5 4 3 2 1"},
			{"/v1/credit/entries?order=oldest", "seq", "1 2 3 4 5 6"},
			{"/v1/credit/usages?order=newest", "id", ""},
			{"/v1/messages?status=accepted", "id", strings.Join(ids, " ")},
			{"/v1/messages?status=done", "id", ""},
		} {
			for _, limit := range []int{1, 3, 200} {
				if got := strings.Join(w.walk(c.path, c.member, limit), " "); got != c.want {
					t.Errorf("%s by %d: got %q, want %q", c.path, limit, got, c.want)
				}
			}
		}
	})
}

func TestRecipientsAreListedByStateAndNumberAndInPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.lines("", strings.NewReader(head+people(2100)+"{\"to\":\"1\"}\n{\"to\":\"2\"}\n{\"to\":\"3\"}\n")).is(202).json()
		path := "/v1/messages/" + r["id"].(string) + "/recipients"
		all := w.walk(path, "to", 200)
		if len(all) != 2100 || all[0] != "01010000000" || all[2099] != "01010002099" {
			t.Errorf("got %d recipients, %v … %v", len(all), all[0], all[len(all)-1])
		}
		if got := w.walk(path+"?status=rejected", "to", 1); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("got rejections of %v, want 1 2 3", got)
		}
		if got := w.walk(path+"?to=010-1000-2050", "to", 50); !slices.Equal(got, []string{"01010002050"}) {
			t.Errorf("got %v, want one", got)
		}
		if got := w.walk(path+"?status=delivered", "to", 50); len(got) != 0 {
			t.Errorf("got %v delivered, want none", got)
		}
		w.get(path+"?to=hello").refused(422, "validation")
		w.get(path+"?status=asleep").refused(422, "validation")
		w.get(path+"?status=rejected&to=01010002050").refused(422, "validation")
	})
}

func TestACursorIsGoodForItsOwnListOnly(t *testing.T) {
	w := onSQLite(t)
	for range 3 {
		w.send(text)
	}
	cursor := w.get("/v1/messages?limit=1").cursor()
	w.get("/v1/messages?limit=2&cursor=" + cursor).is(200)
	for _, path := range []string{
		"/v1/messages?status=accepted&cursor=" + cursor, "/v1/credit/entries?cursor=" + cursor, "/v1/credit/entries?order=newest&cursor=" + w.get("/v1/credit/entries?limit=1").cursor(), "/v1/messages?cursor=x" + cursor,
		"/v1/messages?cursor=" + cursor[:len(cursor)-2], "/v1/messages?cursor=%20", "/v1/messages?cursor=AAAA",
	} {
		if got := w.get(path).refused(422, "validation"); !slices.Equal(got, []string{"/cursor"}) {
			t.Errorf("%s: got errors at %q, want /cursor", path, got)
		}
	}
	w.do(ask{method: "GET", path: "/v1/messages?cursor=" + cursor, token: w.poor}).refused(422, "validation")
}

func TestALimitIsFrom1To200(t *testing.T) {
	w := onSQLite(t)
	for _, path := range []string{"/v1/messages", "/v1/send-logs", "/v1/credit/entries", "/v1/credit/usages", "/v1/templates", "/v1/senders", "/v1/kakao-channels"} {
		for _, limit := range []string{"0", "201", "-1", "x", "1.5"} {
			if got := w.get(path+"?limit="+limit).refused(422, "validation"); !slices.Equal(got, []string{"/limit"}) {
				t.Errorf("%s?limit=%s: got errors at %q, want /limit", path, limit, got)
			}
		}
		w.get(path + "?limit=200").is(200)
	}
}

func TestACursorOutlivesItsRow(t *testing.T) {
	w := onSQLite(t)
	for _, number := range []string{"15880001", "15880002", "15880003"} {
		w.post("/v1/senders", fmt.Sprintf(`{"number":%q}`, number)).is(201)
	}
	cursor := w.get("/v1/senders?limit=2").cursor()
	w.do(ask{method: "DELETE", path: "/v1/senders/15880001", token: w.rich}).is(204)
	rows := w.get("/v1/senders?cursor=" + cursor).rows()
	if len(rows) != 2 || rows[0]["number"] != "15880002" {
		t.Errorf("got %v, want the two after the row that is gone", rows)
	}
}

func TestACursorOutlivesItsRowAmongEquallyOldOnes(t *testing.T) {
	w := onSQLite(t)
	names := []string{"@가", "@나", "@다", "@라", "@마"}
	w.update(func(tx *db.Tx) error {
		for i, name := range names {
			if _, err := site.AddSender(tx, "rich", fmt.Sprintf("1588000%d", i), site.Approved); err != nil {
				return err
			}
			if _, err := site.AddChannel(tx, site.Channel{Site: "rich", Name: name}); err != nil {
				return err
			}
		}
		return nil
	})
	for path, key := range map[string]string{"/v1/senders": "number", "/v1/kakao-channels": "name"} {
		all := w.get(path).rows()
		first := w.get(path + "?limit=3")
		gone := first.rows()[2][key].(string)
		cursor := first.cursor()
		w.do(ask{method: "DELETE", path: path + "/" + url.PathEscape(gone), token: w.rich}).is(204)
		rest := w.get(path + "?cursor=" + cursor).rows()
		if len(rest) != len(all)-3 || rest[0][key] != all[3][key] {
			t.Errorf("%s: got %v of %v behind %s, which is gone", path, rest, all, gone)
		}
	}
}
