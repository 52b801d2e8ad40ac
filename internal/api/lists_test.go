package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"

	"creditmsg/internal/access"
)

// kept keeps a list and gives its id.
func (w *world) kept(list string) string {
	w.t.Helper()
	return w.form("/v1/lists", "", formPart{"list", list}).is(201).json()["id"].(string)
}

// look reads a list as it is shown.
func (g got) look() (l KeptForTest) {
	g.t.Helper()
	if err := json.Unmarshal(g.body, &l); err != nil {
		g.t.Fatalf("read the list %s: %v", g.body, err)
	}
	return l
}

// KeptForTest is a list as a client reads it.
type KeptForTest struct {
	ID, Name, Encoding string
	Rows, Bytes        int64
	ListLook
}

const customers = "고객명,등급,전화번호\n김하나,금,010-1234-5678\n이두리,은,010-2345-6789\n박세나,,02-123\n,금,010-3456-7890\n최네오,금,01012345678\n"

func TestAListIsKeptAndShownAsItWasFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, err := korean.EUCKR.NewEncoder().String(customers)
		w.must(err)
		g := w.form("/v1/lists", "", formPart{"name", " 12월 고객 "}, formPart{"list", old}).is(201)
		l := g.look()
		if l.Name != "12월 고객" || l.Encoding != "cp949" || l.Rows != 5 || l.Bytes != int64(len(old)) || *l.ToColumn != "전화번호" || l.Problem != nil ||
			fmt.Sprint(l.Columns) != "[{고객명} {등급} {전화번호}]" || len(l.Sample) != 5 || l.Sample[0].Line != 2 || l.Sample[0].To != "010-1234-5678" || l.Sample[0].Cells["고객명"] != "김하나" {
			t.Fatalf("the list is %s", g.body)
		}
		path := "/v1/lists/" + l.ID
		if again := w.get(path).is(200); !bytes.Equal(again.body, g.body) {
			t.Errorf("it is shown as %s, then as %s", g.body, again.body)
		}
		if rows := w.get("/v1/lists").rows(); len(rows) != 1 || rows[0]["name"] != "12월 고객" || rows[0]["sample"] != nil {
			t.Errorf("the lists are %v", rows)
		}
		if l := w.get(path + "?to_column=" + url.QueryEscape("등급")).is(200).look(); *l.ToColumn != "등급" || l.Sample[0].To != "금" || l.Sample[0].Cells["전화번호"] != "010-1234-5678" {
			t.Errorf("by another column it is %+v", l)
		}
		w.get(path+"?to_column=nobody").refused(422, "no_phone_column")
		w.get(path+"?sheet=x").refused(422, "validation")
		w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
		w.get("/v1/uploads/upl_"+strings.TrimPrefix(l.ID, "lst_")).refused(404, "not_found")
		if len(w.get("/v1/uploads").rows()) != 0 {
			t.Error("it is among the uploads")
		}
		w.remove(path).is(204)
		w.get(path).refused(404, "not_found")
		w.remove(path).refused(404, "not_found")
	})
}

func TestAListIsKeptAlsoWhereItsColumnOrSheetHasToBeNamed(t *testing.T) {
	w := onSQLite(t)
	f := excelize.NewFile()
	defer f.Close()
	_, err := f.NewSheet("명단")
	w.must(err)
	w.must(f.SetSheetRow("Sheet1", "A1", &[]any{"안내문"}))
	w.must(f.SetSheetRow("Sheet1", "A2", &[]any{"가", "나"}))
	w.must(f.SetSheetRow("명단", "A1", &[]any{"이름", "손전화"}))
	w.must(f.SetSheetRow("명단", "A2", &[]any{"김하나", 1012345678}))
	var book bytes.Buffer
	w.must(f.Write(&book))
	l := w.form("/v1/lists", "", formPart{"list", book.String()}).is(201).look()
	if l.Encoding != "xlsx" || l.Sheet != "Sheet1" || fmt.Sprint(l.Sheets) != "[Sheet1 명단]" || l.ToColumn != nil || l.Problem == nil || l.Name != "list.dat" {
		t.Errorf("the workbook is %+v", l)
	}
	path := "/v1/lists/" + l.ID
	l = w.get(path + "?sheet=" + url.QueryEscape("명단")).is(200).look()
	if l.Sheet != "명단" || l.ToColumn != nil || l.Problem.Code != "no_phone_column" || fmt.Sprint(l.Columns) != "[{이름} {손전화}]" || l.Rows != 1 || l.Sample[0].Cells["이름"] != "김하나" {
		t.Errorf("its sheet is %+v", l)
	}
	l = w.get(path + "?sheet=" + url.QueryEscape("명단") + "&to_column=" + url.QueryEscape("손전화")).is(200).look()
	if *l.ToColumn != "손전화" || l.Problem != nil || l.Sample[0].To != "1012345678" {
		t.Errorf("its sheet and column are %+v", l)
	}
	sent := w.send(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":"#{이름}님"},"list":{"id":%q,"sheet":"명단","to_column":"손전화"}}`, l.ID))
	if fmt.Sprint(sent["recipients"]) != "map[accepted:1 duplicate:0 rejected:0 total:1]" {
		t.Errorf("sent to %v", sent["recipients"])
	}
	// A list of nothing but numbers has no header.
	bare := w.form("/v1/lists", "", formPart{"list", "010-1234-5678\n010-2345-6789\n"}).is(201).look()
	if bare.ToColumn == nil || *bare.ToColumn != "" || bare.Rows != 2 || len(bare.Columns) != 0 || bare.Sample[1].To != "010-2345-6789" {
		t.Errorf("bare numbers are %+v", bare)
	}
	if sent := w.send(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":"안녕"},"list":{"id":%q}}`, bare.ID)); sent["recipients"].(map[string]any)["accepted"] != 2.0 {
		t.Errorf("sent to %v", sent["recipients"])
	}
	// What is wrong with a row is told with its line, and refuses a message.
	broken := w.form("/v1/lists", "", formPart{"list", "이름,전화번호\n김하나,010-1234-5678\n이두리,010-2345-6789,x\n"}).is(201).look()
	if broken.Problem == nil || broken.Problem.Line != 3 || broken.Rows != 1 || len(broken.Sample) != 1 {
		t.Errorf("the broken list is %+v", broken)
	}
	w.post("/v1/messages", fmt.Sprintf(`{"strategy":"sms_only","text":{"body":"안녕"},"list":{"id":%q}}`, broken.ID)).refused(422, "validation")
	w.form("/v1/lists", "", formPart{"list", "\xff\xfe\x00\x00"}).refused(422, "unsupported_encoding")
	w.form("/v1/lists", "", formPart{"list", "PK\x03\x04xx"}).refused(400, "malformed")
	w.form("/v1/lists", "", formPart{"name", "x"}).refused(422, "validation")
	w.form("/v1/lists", "", formPart{"name", strings.Repeat("가", 101)}, formPart{"list", customers}).refused(422, "validation")
	w.post("/v1/lists", `{}`).refused(415, "unsupported_media_type")
}

func TestASiteKeepsTenLists(t *testing.T) {
	w := onSQLite(t)
	var last string
	for range 10 {
		last = w.kept(customers)
	}
	w.form("/v1/lists", "", formPart{"list", customers}).refused(409, "state_conflict")
	w.post("/v1/uploads", "").is(201) // which are counted by themselves
	w.remove("/v1/lists/" + last).is(204)
	first := w.form("/v1/lists", "k-1", formPart{"list", customers}).is(201)
	if again := w.form("/v1/lists", "k-1", formPart{"list", customers}).is(201); !bytes.Equal(again.body, first.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the repeat got %s", again.body)
	}
	if got := w.walk("/v1/lists", "id", 3); len(got) != 10 {
		t.Errorf("there are %v", got)
	}
}

func TestAMessageGoesToAListWhoseColumnsAreNamedOtherwise(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.kept(customers)
		body := fmt.Sprintf(`{"strategy":"sms_only","text":{"body":"#{이름}님 #{등급} #{번호}"},"recipients":[{"to":"01099999999","variables":{"이름":"가","등급":"금","번호":"1"}}],
			"list":{"id":%q,"to_column":"전화번호","variables":{"이름":"고객명","번호":"전화번호"}}}`, list)
		quote := w.post("/v1/messages/estimate", body).is(200).json()
		r := w.send(body)
		if fmt.Sprint(r["recipients"]) != "map[accepted:3 duplicate:1 rejected:2 total:6]" || quote["recipients"] != 3.0 {
			t.Fatalf("sent to %v, estimated for %v", r["recipients"], quote["recipients"])
		}
		for i, want := range []string{"3 02-123 invalid_number 4", "4 010-3456-7890 missing_variable 5"} {
			one := r["rejections"].([]any)[i].(map[string]any)
			if got := fmt.Sprint(one["index"], " ", one["to"], " ", one["code"], " ", one["line"]); got != want {
				t.Errorf("rejected %s, want %s", got, want)
			}
		}
		if d := r["duplicates"].([]any)[0].(map[string]any); d["line"] != 6.0 || d["first_line"] != 2.0 || d["index"] != 5.0 {
			t.Errorf("the duplicate is %v", d)
		}
		w.drain()
		said := map[string]bool{}
		for _, one := range w.sim.Received() {
			said[one.Text] = true
		}
		if !said["김하나님 금 010-1234-5678"] || !said["이두리님 은 010-2345-6789"] || !said["가님 금 1"] {
			t.Errorf("it said %v", said)
		}
		// The list stays, until it was asked to go.
		w.send(strings.Replace(body, `"to_column"`, `"remove":true,"to_column"`, 1))
		w.get("/v1/lists/"+list).refused(404, "not_found")
		if at := w.post("/v1/messages", body).refused(422, "validation"); fmt.Sprint(at) != "[/list/id]" {
			t.Errorf("a list that is gone is refused at %v", at)
		}
	})
}

func TestAMessageIsRefusedWhoseListDoesNotFit(t *testing.T) {
	w := onSQLite(t)
	list := w.kept(customers)
	const message = `{"strategy":"sms_only","text":{"body":"안녕"},"list":%s}`
	for ref, want := range map[string]string{
		`{"id":"x"}`: "[/list/id]", `{}`: "[/list/id]", `{"id":"lst_01k9zqm0v8e4t9w2n7c5r3x6yb"}`: "[/list/id]", `[]`: "[/list]",
		`{"id":"` + list + `","variables":{"가":"없음","나":"등급"}}`: "[/list/variables/가]", `{"id":"` + list + `","variables":[]}`: "[/list/variables]", `{"id":"` + list + `","x":1}`: "[/list/x]",
	} {
		if at := w.post("/v1/messages", fmt.Sprintf(message, ref)).refused(422, "validation"); fmt.Sprint(at) != want {
			t.Errorf("%s is refused at %v, want %s", ref, at, want)
		}
	}
	w.post("/v1/messages", fmt.Sprintf(message, `{"id":"`+list+`","to_column":"없음"}`)).refused(422, "no_phone_column")
	w.post("/v1/messages/test", fmt.Sprintf(message, `{"id":"`+list+`"}`)).refused(422, "validation")
	w.post("/v1/messages/estimate", strings.Replace(fmt.Sprintf(message, `{"id":"`+list+`"}`), `"strategy"`, `"recipient_count":3,"strategy"`, 1)).refused(422, "validation")
	w.form("/v1/messages", "", formPart{"message", fmt.Sprintf(message, `{"id":"`+list+`"}`)}, formPart{"list", customers}).refused(422, "validation")
	w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: fmt.Sprintf(message, `{"id":"`+list+`"}`)}).refused(422, "validation")
}

const checkedMessage = `{"strategy":"sms_only","text":{"body":"#{이름}님"},"list":{"variables":{"이름":"고객명"}}}`

func TestACheckSaysWhatWouldBecomeOfEachRow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := "/v1/lists/" + w.kept(customers) + "/check"
		g := w.post(path, checkedMessage).is(200)
		var c listChecked
		w.must(json.Unmarshal(g.body, &c))
		if c.Recipients != (tallyView{5, 2, 1, 2}) || c.RejectedByCode["invalid_number"] != 1 || c.RejectedByCode["missing_variable"] != 1 || c.Estimate == nil || c.Estimate.EstimatedCost.String() != "36.00" || c.Estimate.Recipients != 2 {
			t.Fatalf("the check says %s", g.body)
		}
		if len(c.Data) != 2 || c.Data[0].Line != 4 || c.Data[1].Line != 5 || c.Data[1].TextKo == "" || c.Data[0].To != "02-123" || c.HasMore || c.Duplicates[0].Line != 6 {
			t.Errorf("the rows are %+v", c.Data)
		}
		first := w.post(path+"?limit=1", checkedMessage).is(200)
		second := w.post(path+"?limit=1&cursor="+first.cursor(), checkedMessage)
		if rows := second.rows(); len(rows) != 1 || rows[0]["line"] != 5.0 || second.cursor() != "" {
			t.Errorf("the second page is %s", second.body)
		}
		w.post(path+"?cursor="+first.cursor(), strings.Replace(checkedMessage, "님", "씨", 1)).refused(422, "validation")
		if w.get("/v1/messages").rows(); len(w.get("/v1/messages").rows()) != 0 {
			t.Error("something was sent")
		}
		if g := w.post(path, `{"strategy":"sms_only","text":{"body":"#{없음}"}}`).is(200).json(); g["estimate"] != nil || fmt.Sprint(g["recipients"]) != "map[accepted:0 duplicate:0 rejected:5 total:5]" {
			t.Errorf("with nobody left it says %v", g)
		}
		w.post(path, `{"strategy":"sms_only","text":{"body":"a"},"recipients":[]}`).refused(422, "validation")
		w.post(path, `{"strategy":"sms_only","text":{"body":"a"},"groups":["grp_01k9zqm0v8e4t9w2n7c5r3x6yb"]}`).refused(422, "validation")
		w.post(path+"?limit=x", checkedMessage).refused(422, "validation")
		w.post("/v1/lists/lst_x/check", checkedMessage).refused(404, "not_found")
	})
}

func TestRefusedRowsComeAsAFileThatCanBeMendedAndSent(t *testing.T) {
	w := onSQLite(t)
	list := "고객명,전화번호,비고\n김하나,010-1234-5678,\n=1+1,02-123,가\n,010-3456-7890,나\n"
	path := "/v1/lists/" + w.kept(list) + "/check"
	rows := w.post(path+"?format=csv", checkedMessage).table()
	if len(rows) != 3 || fmt.Sprint(rows[0]) != "[전화번호 고객명 비고 원본 줄 거절 코드 거절 사유 reason]" || fmt.Sprint(rows[1][:5]) != "[02-123 '=1+1 가 3 invalid_number]" || rows[2][3] != "4" || rows[2][5] == "" || rows[2][6] == "" {
		t.Fatalf("the report is %q", rows)
	}
	// Mended it is a list again, whose guards are gone and whose report has each column once.
	mended := strings.NewReplacer("02-123", "010-4444-5555").Replace(string(w.post(path+"?format=csv", checkedMessage).body))
	again := "/v1/lists/" + w.kept(mended) + "/check"
	if got := w.post(again, checkedMessage).is(200).json(); fmt.Sprint(got["recipients"]) != "map[accepted:1 duplicate:0 rejected:1 total:2]" {
		t.Errorf("the mended list is %v", got)
	}
	if rows := w.post(again+"?format=csv", checkedMessage).table(); len(rows) != 2 || len(rows[0]) != 7 {
		t.Errorf("the second report is %q", rows)
	}
	w.send(strings.Replace(checkedMessage, `"list":{`, `"list":{"id":"`+strings.Split(again, "/")[3]+`",`, 1))
	w.drain()
	if got := w.sim.Received(); len(got) != 1 || got[0].Text != "=1+1님" {
		t.Errorf("it was sent as %+v", got)
	}
	book, err := excelize.OpenReader(bytes.NewReader(w.post(path+"?format=xlsx", checkedMessage).is(200).body))
	w.must(err)
	defer book.Close()
	if cells, err := book.GetRows("Sheet1"); err != nil || len(cells) != 3 || cells[1][1] != "=1+1" {
		t.Errorf("the workbook is %q, %v", cells, err)
	}
	if rows := w.post("/v1/lists/"+w.kept("전화번호\n010-1234-5678\n")+"/check?format=csv", `{"strategy":"sms_only","text":{"body":"a"}}`).table(); len(rows) != 1 {
		t.Errorf("of a good list the report is %q", rows)
	}
	w.post(path+"?format=pdf", checkedMessage).refused(422, "validation")
	w.post(path+"?format=csv", strings.Replace(checkedMessage, "고객명", "없음", 1)).refused(422, "validation")
}

// TestTheReportOfALargeListHasEachRowsOwnCells has more rows than the draft decides on together.
func TestTheReportOfALargeListHasEachRowsOwnCells(t *testing.T) {
	w := onSQLite(t)
	w.post("/v1/opt-outs", `{"to":"010-0000-0007","scope":"all"}`).is(201) // so the draft asks, a thousand at a time
	var list strings.Builder
	list.WriteString("전화번호,번호\n")
	for i := range 3500 {
		if i%7 == 0 {
			fmt.Fprintf(&list, "02-%d,%d\n", i, i)
		} else {
			fmt.Fprintf(&list, "010%08d,%d\n", i, i)
		}
	}
	path := "/v1/lists/" + w.kept(list.String()) + "/check?format=csv"
	rows := w.post(path, `{"strategy":"sms_only","text":{"body":"#{번호}"}}`).table()
	if len(rows) != 1+500 {
		t.Fatalf("there are %d rows", len(rows))
	}
	for i, row := range rows[1:] {
		if n := fmt.Sprint(7 * i); row[0] != "02-"+n || row[1] != n || row[2] != fmt.Sprint(7*i+2) {
			t.Fatalf("row %d is %q", i, row)
		}
	}
}

func TestWhoMayNotSeeNumbersIsShownListsWithoutThem(t *testing.T) {
	w := onSQLite(t)
	list := w.kept(customers)
	viewer := w.session(w.person("viewer@shop.example", "rich", access.Viewer).ID, 0)
	g := w.do(ask{method: "GET", path: "/v1/lists/" + list, token: viewer}).is(200)
	for _, hidden := range []string{"1234-5678", "김하나"} {
		if bytes.Contains(g.body, []byte(hidden)) {
			t.Errorf("%s is in %s", hidden, g.body)
		}
	}
	checked := w.do(ask{method: "POST", path: "/v1/lists/" + list + "/check", token: viewer, body: checkedMessage}).is(200)
	if bytes.Contains(checked.body, []byte("3456-7890")) || !bytes.Contains(checked.body, []byte("missing_variable")) {
		t.Errorf("the check shows %s", checked.body)
	}
	w.do(ask{method: "POST", path: "/v1/lists/" + list + "/check?format=csv", token: viewer, body: checkedMessage}).refused(403, "forbidden")
}
