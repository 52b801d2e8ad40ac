package invoice

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"golang.org/x/text/encoding/korean"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

const aRef = "shop.01k9zqm0v8e4t9w2n7c5r3x6yb.12.2.1"

// readAll reads a file to its end; bad are the places of cells that cannot be read.
func readAll(t testing.TB, text, kind string, columns map[string]string, delivered []string, vat bool) (lines []line, bad []string, err error) {
	t.Helper()
	r, err := openReader(strings.NewReader(text), kind, columns, delivered, vat)
	if err != nil {
		return nil, nil, err
	}
	for {
		l, faults, err := r.next()
		if errors.Is(err, io.EOF) {
			return lines, bad, nil
		}
		if err != nil {
			return lines, bad, err
		}
		for _, f := range faults {
			bad = append(bad, f.Pointer)
		}
		lines = append(lines, l)
	}
}

func at(text string) db.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return db.At(t)
}

func TestFilesOfEveryLookAreRead(t *testing.T) {
	want := line{No: 2, Ref: aRef, To: "01012345678", Channel: "sms", Outcome: Delivered, Code: "4000", Price: 84_000, Billed: true, Sent: at("2026-11-22T09:00:00Z")}
	with := func(change func(*line)) line {
		l := want
		change(&l)
		return l
	}
	cp949, err := korean.EUCKR.NewEncoder().String("참조번호\t수신번호\t유형\t결과\t발송일시\t단가\n" + aRef + "\t010-1234-5678\t단문\t성공\t2026-11-22 18:00:00\t8.4원\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text, kind string
		columns    map[string]string
		delivered  []string
		vat        bool
		want       line
	}{
		"Solapi's export": {
			text: "messageId,groupId,to,type,statusCode,dateProcessed,price,customFields\nM1,G1,01012345678,SMS,4000,2026-11-22T09:00:00.000Z,8.4,\"{\"\"ref\"\":\"\"" + aRef + "\"\"}\"\n",
			kind: "solapi", want: with(func(l *line) { l.Call, l.Upstream = "G1", "M1" }),
		},
		"another one of theirs": {
			text: "customFields.ref,to,type,statusCode,dateProcessed\n" + aRef + ",1012345678,ATA,3104,2026-11-22 18:00\n",
			kind: "solapi", want: with(func(l *line) {
				l.Channel, l.Outcome, l.Code, l.Price, l.Billed = "alimtalk", Failed, "3104", 0, false
			}),
		},
		"Korean names in CP949 with tabs": {text: cp949, want: with(func(l *line) { l.Code = "" })},
		"names of its own and VAT within": {
			text:      "\ufeffa;b;c;d;e;f\n" + aRef + ";010 1234 5678;SMS;0;20261122180000;9.24\n",
			columns:   map[string]string{"reference": "a", "number": "b", "channel": "c", "result": "d", "sent": "e", "price": "f"},
			delivered: []string{"0"}, vat: true, want: with(func(l *line) { l.Code = "0" }),
		},
		"a mark of VAT in each line": {
			text: "reference,to,type,result,sent,price,vat\n" + aRef + ",01012345678,sms,delivered,2026/11/22 18:00,\"9.24\",포함\n",
			want: with(func(l *line) { l.Code = "delivered" }),
		},
		"a code that is not final": {
			text: "customFields.ref,type,statusCode,price\n" + aRef + ",RCS_SMS,3000,\"1,008.4\"\n",
			kind: "solapi", want: line{No: 2, Ref: aRef, Channel: "other", Code: "3000", Price: 10_084_000, Billed: true},
		},
		"no prices: what did not fail is billed": {
			text: "reference,result\n" + aRef + ",성공\n", want: line{No: 2, Ref: aRef, Outcome: Delivered, Billed: true},
		},
		"a reference that is not ours": {
			text: "reference,number,price\norder 17 of 김하나,010****5678,8.4\n", want: line{No: 2, Price: 84_000, Billed: true},
		},
	} {
		lines, bad, err := readAll(t, tt.text, tt.kind, tt.columns, tt.delivered, tt.vat)
		if err != nil || len(bad) > 0 || len(lines) != 1 {
			t.Errorf("%s: got %+v, bad %v, %v", name, lines, bad, err)
			continue
		}
		if diff := cmp.Diff(tt.want, lines[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryCellThatCannotBeReadIsNamed(t *testing.T) {
	const head = "reference,call,message,number,channel,result,sent,reported,price,vat\n"
	for cells, want := range map[string]string{
		",G1,,010-12,sms,성공,,,8,":                              "/lines/2/number",
		",G 1,,,sms,성공,,,8,":                                   "/lines/2/call",
		"x,," + strings.Repeat("m", 65) + ",,sms,성공,,,8,":      "/lines/2/message",
		"{bad,,,,sms,성공,,,8,":                                  "/lines/2/reference",
		"x,,,,sms,weird,,,8,":                                  "/lines/2/result",
		"x,,,,sms,성공,yesterday,,8,":                            "/lines/2/sent",
		"x,,,,sms,성공,,2026-13-01,8,":                           "/lines/2/reported",
		"x,,,,sms,성공,1970-01-01,,8,":                           "/lines/2/sent",
		"x,,,,sms,성공,,,-8,":                                    "/lines/2/price",
		"x,,,,sms,성공,,,\"8,4\",":                               "/lines/2/price",
		"x,,,,sms,성공,,,8.12345,":                               "/lines/2/price",
		"x,,,,sms,성공,,,8,perhaps":                              "/lines/2/vat",
		",G1,,010-12,sms,weird,never,,cheap,8\n x,,,,,,,,1e3,": "/lines/2/number /lines/2/result /lines/2/price /lines/2/sent /lines/3/price",
	} {
		_, bad, err := readAll(t, head+cells+"\n", "", nil, nil, false)
		if err != nil || strings.Join(bad, " ") != want {
			t.Errorf("%q: got %v, %v, want %s", cells, bad, err, want)
		}
	}
}

func TestAFileThatCannotBeMatchedIsRefused(t *testing.T) {
	for head, want := range map[string]string{
		"number,price":         "/columns/reference",
		"call,price":           "/columns/reference",
		"reference,number":     "/columns/price",
		"call,number,customer": "/columns/price",
	} {
		_, _, err := readAll(t, head+"\n", "", nil, nil, false)
		if f := fault.Of(err); err == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != want {
			t.Errorf("%q: got %v, want a fault at %s", head, err, want)
		}
	}
	for _, columns := range []map[string]string{{"colour": "price"}, {"price": "none"}, {"price": "a", "number": "A"}} {
		if _, _, err := readAll(t, "reference,a,price\n", "", columns, nil, false); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: got %v, want it refused", columns, err)
		}
	}
}

func TestVATComesOffExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net := money.Amount(rapid.Int64Range(0, 1_000_000_000_000).Draw(t, "net"))
		// A carrier rounds its gross price to the unit of money.
		gross := decimal.NewFromInt(int64(net)).Mul(decimal.NewFromInt(11)).Div(decimal.NewFromInt(10)).Round(0)
		if got := withoutVAT(money.Amount(gross.IntPart())); got != net {
			t.Fatalf("%s gross is %s net, want %s", gross, got, net)
		}
	})
}

// TestWhatIsWrittenIsRead holds the reader against lines that were made up.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(rt, "delimiter")
		_ = w.Write([]string{"reference", "message", "number", "channel", "result", "sent", "price"})
		var want []line
		for i := range rapid.IntRange(0, 20).Draw(rt, "lines") {
			l := line{No: i + 2, Ref: fmt.Sprintf("shop.01k9zqm0v8e4t9w2n7c5r3x6yb.%d.1.1", rapid.IntRange(0, 1_000_000).Draw(rt, "seq")),
				Upstream: rapid.StringMatching(`[A-Za-z0-9_.:-]{0,64}`).Draw(rt, "message"), To: "01012345678",
				Channel: rapid.SampledFrom([]string{"alimtalk", "sms", "lms", "mms", ""}).Draw(rt, "channel"),
				Outcome: rapid.SampledFrom([]Outcome{Delivered, Failed}).Draw(rt, "outcome"),
				Price:   money.Amount(rapid.Int64Range(0, 1e12).Draw(rt, "price")), Sent: db.At(time.Unix(rapid.Int64Range(1e9, 4e9).Draw(rt, "sent"), 0))}
			l.Code, l.Billed = string(l.Outcome), l.Price > 0
			_ = w.Write([]string{l.Ref, l.Upstream, "010-1234-5678", strings.ToUpper(l.Channel), string(l.Outcome), l.Sent.Time().Format(time.RFC3339), l.Price.String()})
			want = append(want, l)
		}
		w.Flush()
		got, bad, err := readAll(t, b.String(), "", nil, nil, false)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || len(bad) > 0 {
			rt.Fatalf("%v %v (-want +got):\n%s", bad, err, diff)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add("customFields.ref,groupId,to,type,statusCode,dateProcessed,price,vat\n"+aRef+",G1,01012345678,SMS,4000,2026-11-22 18:00:00,8.4,포함\n", "solapi")
	f.Add("참조번호;결과;단가\n{\"ref\":\"x\"};성공;1,000\n", "")
	f.Fuzz(func(t *testing.T, text, kind string) {
		lines, bad, err := readAll(t, text, kind, nil, nil, false)
		if _, isFault := errors.AsType[*fault.Error](err); err != nil && !isFault {
			t.Fatalf("got %v, want a fault that names the place", err)
		}
		for _, l := range lines {
			if l.Price < 0 || !isWord(l.Code) || !isWord(l.Call) || !isWord(l.Upstream) || l.No < 2 {
				t.Fatalf("got the line %+v, bad %v", l, bad)
			}
		}
	})
}
