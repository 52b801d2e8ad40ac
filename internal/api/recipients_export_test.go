package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// table reads an exported CSV.
func (g got) table() (rows [][]string) {
	g.t.Helper()
	body, marked := bytes.CutPrefix(g.is(200).body, []byte("\ufeff"))
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || !marked {
		g.t.Fatalf("read the export: %v (mark %v): %.300s", err, marked, g.body)
	}
	return rows
}

// mixed sends to three people and a number that is none: one arrives, one is not on Kakao and one
// gets neither.
func (w *world) mixed() (path string) {
	w.t.Helper()
	body, media := writtenForm(w.t, formPart{"message", formMessage}, formPart{"list", "이름,전화번호\n김하나,010-1234-5678\n이두리,010-0003-2222\n박세나,02-123\n최네오,01012340000\n"})
	sent := w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: body, media: media}).is(202).json()
	w.drain()
	return "/v1/messages/" + sent["id"].(string) + "/recipients"
}

func TestAllRecipientsAreExportedWithWhatBecameOfThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.mixed()
		g := w.get(path + "/export")
		if g.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(g.header.Get("Content-Disposition"), ".csv") {
			t.Errorf("it comes as %v", g.header)
		}
		rows := g.table()
		if len(rows) != 5 || !slices.Equal(rows[0], exportedHead) {
			t.Fatalf("the rows are %q", rows)
		}
		listed := w.get(path).rows()
		for i, one := range listed {
			row := rows[i+1]
			if row[0] != fmt.Sprint(i+1) || strings.ReplaceAll(row[1], "-", "") != one["to"] || row[3] != one["status"] || row[4] != one["channel"] || row[7] != one["cost"] {
				t.Errorf("the list has %v, the export %q", one, row)
			}
		}
		if last := rows[4]; last[1] != "02-123" || last[3] != "rejected" || last[10] != "invalid_number" || last[15] != "4" || !strings.Contains(last[8], "휴대전화") || last[9] == "" {
			t.Errorf("who was refused is %q", last)
		}
		if only := w.get(path + "/export?status=rejected").table(); len(only) != 2 || only[1][10] != "invalid_number" {
			t.Errorf("the refused are %q", only)
		}
		for _, s := range recipientStatuses {
			want := 0
			for _, row := range rows[1:] {
				if row[3] == s.status && row[2] == s.korean {
					want++
				}
			}
			if only := w.get(path + "/export?status=" + s.status).table(); len(only) != want+1 {
				t.Errorf("of %s there are %d in all, alone %q", s.status, want, only)
			}
		}
	})
}

func TestTheExportOfRecipientsIsAlsoAWorkbook(t *testing.T) {
	w := onSQLite(t)
	path := w.mixed()
	g := w.do(ask{method: "GET", path: path + "/export", token: w.rich, header: http.Header{"Accept": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}}}).is(200)
	book, err := excelize.OpenReader(bytes.NewReader(g.body))
	w.must(err)
	defer book.Close()
	rows, err := book.GetRows("Sheet1")
	w.must(err)
	for i, row := range w.get(path + "/export?format=csv").table() {
		for len(rows[i]) < len(row) { // empty cells at the end are left out
			rows[i] = append(rows[i], "")
		}
		if !slices.Equal(rows[i], row) {
			t.Errorf("row %d is %q, in CSV %q", i, rows[i], row)
		}
	}
	w.get(path+"/export?format=pdf").refused(422, "validation")
	w.get(path+"/export?status=gone").refused(422, "validation")
	w.get("/v1/messages/msg_1/recipients/export").refused(404, "not_found")
	w.do(ask{method: "GET", path: path + "/export", token: w.poor}).refused(404, "not_found")
}

// discarding is a client that keeps nothing, and looks now and then at how much memory is in use.
type discarding struct {
	header http.Header
	bytes  int
	looked int
	most   uint64
}

func (d *discarding) Header() http.Header { return d.header }
func (d *discarding) WriteHeader(int)     {}
func (d *discarding) Write(p []byte) (int, error) {
	if d.bytes += len(p); d.bytes-d.looked > 256<<10 {
		d.looked, d.most = d.bytes, max(d.most, inUse())
	}
	return len(p), nil
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAnExportTakesNoMoreMemoryForMorePeople exports twenty batches in the memory of a few.
func TestAnExportTakesNoMoreMemoryForMorePeople(t *testing.T) {
	w := onSQLite(t)
	const people = 20_000
	var list strings.Builder
	list.WriteString("이름,전화번호\n")
	for i := range people {
		fmt.Fprintf(&list, "이름이 아주 긴 사람 %d,010%08d\n", i, i)
	}
	w.topUp("rich", 1_000_000)
	sent := w.form("/v1/messages", "", formPart{"message", formMessage}, formPart{"list", list.String()}).is(202).json()
	list.Reset()
	r, err := http.NewRequest("GET", "/v1/messages/"+sent["id"].(string)+"/recipients/export", nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+w.rich)
	r.RemoteAddr = "192.0.2.1:1"
	out, before := &discarding{header: http.Header{}}, inUse()
	w.handler.ServeHTTP(out, r)
	if out.bytes < people*50 || out.most == 0 {
		t.Errorf("only %d bytes came", out.bytes)
	}
	if grown := int64(out.most) - int64(before); grown > 6<<20 {
		t.Errorf("the export holds %d bytes", grown)
	}
}
