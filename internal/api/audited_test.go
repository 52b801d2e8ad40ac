package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/site"
)

// unnoted are the operations that leave no entry in the audit log, each with its reason.
var unnoted = map[string]string{
	"sendMessage":     "a message tells by itself who sent it",
	"testMessage":     "it is a message like any other",
	"sendUpload":      "it is a message like any other",
	"beginUpload":     "a body that arrives in pieces is nothing until it is sent",
	"appendUpload":    "a body that arrives in pieces is nothing until it is sent",
	"removeUpload":    "a body that arrives in pieces is nothing until it is sent",
	"resendFailed":    "the new message tells who sent it, and which one it resends",
	"estimateMessage": "it changes nothing",
	"previewMessage":  "it changes nothing",
	"checkList":       "it changes nothing",
	"askWhatIf":       "it changes nothing",
	"askProvider":     "it asks a vendor, and changes nothing",
	"syncTemplate":    "it asks a vendor; what the answer changes is noted when it comes",
	"commentTemplate": "no vendor of this test takes comments; package kakao looks for its entry",
	"takeReports":     "what was sent tells by itself what became of it; an opt-out in a report is noted when it is read",
	"takeNotice":      "nothing of it is believed: what the gateway says when it is asked is noted then",
}

// aRun is letters that are read again.
const aRun = `{"from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z"}`

// noted gives a request for each operation that changes something, after having made in a world
// what it needs.
var noted = map[string]func(w *world) ask{
	"addAttachment": func(w *world) ask {
		return ask{method: "POST", path: "/v1/attachments", media: "image/jpeg", from: bytes.NewReader(photo(w.t, 320, 240))}
	},
	"removeAttachment":  func(w *world) ask { return ask{method: "DELETE", path: "/v1/attachments/" + w.attached()} },
	"setBillingProfile": sends("PUT", "/v1/billing-profile", `{"name":"비밀꽃집","email":"owner@shop.example"}`),
	"addBlockedWords":   operated("POST", "/v1/blocked-words?site=rich", `{"words":["도박"]}`),
	"removeBlockedWord": func(w *world) ask {
		w.operate("POST", "/v1/blocked-words?site=*", `{"words":["도박"]}`).is(200)
		return ask{method: "DELETE", path: "/v1/blocked-words/" + url.PathEscape("도박") + "?site=*", token: w.operator}
	},
	"addContact":     sends("POST", "/v1/contacts", aContact),
	"importContacts": func(w *world) ask { return importing(w, "/v1/contacts/import") },
	"eraseContact": func(w *world) ask {
		return ask{method: "DELETE", path: "/v1/contacts/" + w.made("/v1/contacts", aContact)}
	},
	"setContact": func(w *world) ask {
		return ask{method: "PUT", path: "/v1/contacts/" + w.made("/v1/contacts", aContact), body: `{"to":"01012345678","name":"이두리"}`}
	},
	"setAlerts": sends("PUT", "/v1/credit/alerts", `{"emails":["owner@shop.example"],"mobile":"01012345678","levels":["5000"]}`),
	"setAutoRecharge": func(w *world) ask {
		w.card()
		return ask{method: "PUT", path: "/v1/credit/auto-recharge", body: `{"enabled":true,"threshold":"5","amount":"1000"}`}
	},
	"setCaps":       sends("PUT", "/v1/credit/caps", `{"recipients":{"day":3},"won":{}}`),
	"setSiteLimits": operated("PUT", "/v1/sites/rich/limits", `{"requests_per_minute":60,"recipients_per_day":1000}`),
	"setTokenLimits": func(w *world) ask {
		return operated("PUT", "/v1/sites/rich/tokens/"+w.firstToken()+"/limits", `{"requests_per_minute":60}`)(w)
	},
	"setCapBounds": operated("PUT", "/v1/credit/caps/bounds?site=rich", `{"recipients":{"day":2},"won":{}}`),
	"beginPayment": sends("POST", "/v1/credit/payments", `{"method":"transfer","amount":"30000"}`),
	"bookPayment": func(w *world) ask {
		return ask{method: "POST", path: w.transfer("") + "/arrived?site=rich", token: w.operator}
	},
	"cancelPayment": func(w *world) ask {
		return ask{method: "POST", path: w.paidCard(w.rich, "50000") + "/cancel", body: `{"amount":"20000","reason":"비밀 사유"}`}
	},
	"bookCancellation": func(w *world) ask {
		path := w.transfer("")
		w.operate("POST", path+"/arrived?site=rich", "").is(200)
		gone := w.post(path+"/cancel", `{"reason":"비밀 사유"`+toBank+`}`).is(201).json()
		return ask{method: "POST", path: path + "/cancellations/" + gone["id"].(string) + "/given-back?site=rich", token: w.operator}
	},
	"bookCashReceipt": func(w *world) ask {
		path := w.transfer(`,"cash_receipt":{"identity":"01012345678"}`)
		w.operate("POST", path+"/arrived?site=rich", "").is(200)
		return ask{method: "POST", path: path + "/cash-receipt/issued?site=rich", token: w.operator, body: `{"number":"123456789"}`}
	},
	"refundUsage": func(w *world) ask {
		_, usage := w.spent()
		return ask{method: "POST", path: "/v1/credit/usages/" + usage + "/refund", body: `{"amount":"10.00","reason":"비밀 사유"}`}
	},
	"requestRefund": func(w *world) ask {
		return ask{method: "POST", path: refundPath, body: w.wantedBack()}
	},
	"approveRefundRequest": func(w *world) ask {
		return ask{method: "POST", path: w.refundAsked() + "/approve?site=rich", token: w.operator}
	},
	"takeBackRefundRequest": func(w *world) ask { return ask{method: "POST", path: w.refundAsked() + "/cancel"} },
	"rejectRefundRequest": func(w *world) ask {
		return ask{method: "POST", path: w.refundAsked() + "/reject?site=rich", token: w.operator, body: `{"reason":"비밀 사유"}`}
	},
	"requestWithdrawal": func(w *world) ask {
		w.paidCard(w.rich, "50000")
		return ask{method: "POST", path: "/v1/credit/withdrawals", body: `{"amount":"20000","reason":"비밀 사유"` + toBank + `}`}
	},
	"approveWithdrawal": func(w *world) ask {
		return ask{method: "POST", path: w.withdrawal() + "/approve?site=rich", token: w.operator}
	},
	"takeBackWithdrawal": func(w *world) ask { return ask{method: "POST", path: w.withdrawal() + "/cancel"} },
	"rejectWithdrawal": func(w *world) ask {
		return ask{method: "POST", path: w.withdrawal() + "/reject?site=rich", token: w.operator, body: `{"reason":"비밀 사유"}`}
	},
	"addGroup":      sends("POST", "/v1/groups", `{"name":"비밀 단골"}`),
	"removeGroup":   func(w *world) ask { return ask{method: "DELETE", path: w.group()} },
	"setGroup":      func(w *world) ask { return ask{method: "PUT", path: w.group(), body: `{"name":"비밀 손님"}`} },
	"importMembers": func(w *world) ask { return importing(w, w.group()+"/import") },
	"addMembers": func(w *world) ask {
		return ask{method: "POST", path: w.group() + "/members", body: `{"contacts":["` + w.made("/v1/contacts", aContact) + `"]}`}
	},
	"removeMember": func(w *world) ask {
		group, contact := w.group(), w.made("/v1/contacts", aContact)
		w.post(group+"/members", `{"contacts":["`+contact+`"]}`).is(200)
		return ask{method: "DELETE", path: group + "/members/" + contact}
	},
	"importInvoice": func(w *world) ask {
		return ask{method: "POST", path: "/v1/invoices?provider=solapi&month=" + w.month(), token: w.operator, media: "text/csv",
			body: invoiceHead + "rich." + id.New().String() + ".0.1.1,SMS,4000,,8.4\n"}
	},
	"applyInvoice": func(w *world) ask {
		v := w.bill("&month="+w.month(), invoiceHead+"rich."+w.deliveredLeg()+".0.1.1,SMS,3032,,0\n").is(200).json()
		return ask{method: "POST", path: "/v1/invoices/" + v["id"].(string) + "/apply", token: w.operator, body: `{"confirm":true}`}
	},
	"beginRun": operated("POST", "/v1/inbox/runs", aRun),
	"applyRun": func(w *world) ask {
		made := w.operate("POST", "/v1/inbox/runs", aRun).is(201).json()["id"].(string)
		w.drain()
		return ask{method: "POST", path: "/v1/inbox/runs/" + made + "/apply", token: w.operator}
	},
	"cancelRun": func(w *world) ask {
		return ask{method: "POST", path: "/v1/inbox/runs/" + w.operate("POST", "/v1/inbox/runs", aRun).is(201).json()["id"].(string) + "/cancel", token: w.operator}
	},
	"addKakaoChannel":    sends("POST", "/v1/kakao-channels", `{"name":"@mine","sender_key":"SECRETSENDERKEY"}`),
	"removeKakaoChannel": sends("DELETE", "/v1/kakao-channels/@demo", ""),
	"setKakaoChannel":    sends("PUT", "/v1/kakao-channels/@demo", `{"sender_key":"SECRETSENDERKEY"}`),
	"claimKakaoChannel":  sends("POST", "/v1/kakao-channels/@flowers/registrations", claimed),
	"registerKakaoChannel": func(w *world) ask {
		w.post("/v1/kakao-channels/@flowers/registrations", claimed).is(200)
		return ask{method: "POST", path: "/v1/kakao-channels/@flowers/registrations/solapi", body: `{"token":"123456"}`}
	},
	"rescheduleMessage": func(w *world) ask {
		return ask{method: "PATCH", path: w.scheduled(), body: fmt.Sprintf(`{"scheduled_at":%q}`, time.Now().Add(2*time.Hour).Format(time.RFC3339))}
	},
	"cancelMessage": func(w *world) ask { return ask{method: "POST", path: w.scheduled() + "/cancel"} },
	"pauseMessage":  func(w *world) ask { return ask{method: "POST", path: w.scheduled() + "/pause"} },
	"resumeMessage": func(w *world) ask {
		path := w.scheduled()
		w.post(path+"/pause", "").is(200)
		return ask{method: "POST", path: path + "/resume"}
	},
	"approveMessage": func(w *world) ask {
		return ask{method: "POST", path: w.reviewed() + "/approve", token: w.token("rich", approving)}
	},
	"rejectMessage": func(w *world) ask {
		return ask{method: "POST", path: w.reviewed() + "/reject", token: w.token("rich", approving), body: `{"reason":"전화 010-1234-5678"}`}
	},
	"addOptOut": sends("POST", "/v1/opt-outs", `{"to":"010-1234-5678"}`),
	"importOptOuts": func(w *world) ask {
		return ask{method: "POST", path: "/v1/opt-outs/import", media: "text/plain", body: "01012345678\n01087654321\n"}
	},
	"removeOptOut": func(w *world) ask {
		w.post("/v1/opt-outs", `{"to":"010-1234-5678"}`).is(201)
		return ask{method: "DELETE", path: "/v1/opt-outs/01012345678"}
	},
	"addPaymentMethod":    sends("POST", "/v1/payment-methods", `{"return_url":"https://shop.example/cards"}`),
	"removePaymentMethod": func(w *world) ask { return ask{method: "DELETE", path: w.card()} },
	"movePaymentMethod":   func(w *world) ask { return ask{method: "PATCH", path: w.card(), body: `{"place":7}`} },
	"addPlan":             operated("POST", "/v1/plans", aPlan),
	"removePlan": func(w *world) ask {
		w.operate("POST", "/v1/plans", aPlan).is(201)
		return ask{method: "DELETE", path: "/v1/plans/gold", token: w.operator}
	},
	"renamePlan": func(w *world) ask {
		w.operate("POST", "/v1/plans", aPlan).is(201)
		return ask{method: "PUT", path: "/v1/plans/gold", token: w.operator, body: `{"name":"금"}`}
	},
	"setPlanPrices": func(w *world) ask {
		w.operate("POST", "/v1/plans", aPlan).is(201)
		return ask{method: "POST", path: "/v1/plans/gold/prices", token: w.operator, body: `{"prices":{"sms":"14"}}`}
	},
	"addSavedText": sends("POST", "/v1/saved-texts", aSavedText),
	"setSavedText": func(w *world) ask {
		return ask{method: "PUT", path: "/v1/saved-texts/" + w.made("/v1/saved-texts", aSavedText), body: `{"title":"비밀 제목","kind":"text","body":"안내입니다"}`}
	},
	"removeSavedText": func(w *world) ask {
		return ask{method: "DELETE", path: "/v1/saved-texts/" + w.made("/v1/saved-texts", aSavedText)}
	},
	"keepList": func(w *world) ask {
		body, media := writtenForm(w.t, formPart{"name", "비밀 명단"}, formPart{"list", "이름,전화번호\n김하나,010-1234-5678\n"})
		return ask{method: "POST", path: "/v1/lists", body: body, media: media}
	},
	"removeList": func(w *world) ask {
		return ask{method: "DELETE", path: "/v1/lists/" + w.kept("이름,전화번호\n김하나,010-1234-5678\n")}
	},
	"setPolicy": sends("PUT", "/v1/policies/lms-by-kakao", lmsByKakao),
	"removePolicy": func(w *world) ask {
		w.put("/v1/policies/lms-by-kakao", lmsByKakao).is(200)
		return ask{method: "DELETE", path: "/v1/policies/lms-by-kakao"}
	},
	"addSender":    sends("POST", "/v1/senders", `{"number":"02-7000-1234"}`),
	"removeSender": sends("DELETE", "/v1/senders/0261234567", ""),
	"setSender":    operated("PUT", "/v1/senders/0261234567?site=rich", `{"state":"rejected","reason":"전화 010-1234-5678"}`),
	"addSenderDocument": func(w *world) ask {
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		return ask{method: "POST", path: aDocument, media: "application/pdf", body: "%PDF-1.7\n"}
	},
	"removeSenderDocument": func(w *world) ask {
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		made := w.do(ask{method: "POST", path: aDocument, token: w.rich, media: "application/pdf", body: "%PDF-1.7\n"}).is(201).json()
		return ask{method: "DELETE", path: "/v1/senders/0270001234/documents/" + made["id"].(string)}
	},
	"requestSender": func(w *world) ask {
		w.operate("PUT", "/v1/senders/0261234567?site=rich", `{"state":"rejected"}`).is(200)
		return ask{method: "POST", path: "/v1/senders/0261234567/request"}
	},
	"makeSenderDefault": func(w *world) ask {
		w.operate("POST", "/v1/senders?site=rich", `{"number":"02-7000-1234","state":"approved"}`).is(201)
		return ask{method: "POST", path: "/v1/senders/0270001234/default"}
	},
	"setSendingRules": sends("PUT", "/v1/sending-rules", `{"opt_out_number":"080-123-4567","review_above":10}`),
	"addSeries":       sends("POST", "/v1/series", monthly),
	"removeSeries":    func(w *world) ask { return ask{method: "DELETE", path: "/v1/series/" + w.made("/v1/series", monthly)} },
	"setSeries": func(w *world) ask {
		return ask{method: "PUT", path: "/v1/series/" + w.made("/v1/series", monthly), body: strings.Replace(monthly, "0 9 28", "0 9 27", 1)}
	},
	"pauseSeries": func(w *world) ask {
		return ask{method: "POST", path: "/v1/series/" + w.made("/v1/series", monthly) + "/pause"}
	},
	"resumeSeries": func(w *world) ask {
		path := "/v1/series/" + w.made("/v1/series", monthly)
		w.post(path+"/pause", "").is(200)
		return ask{method: "POST", path: path + "/resume"}
	},
	"issueTaxInvoices": func(w *world) ask {
		month, _ := lastMonths(w.t.(*testing.T))
		w.paidBefore(month)
		return ask{method: "POST", path: "/v1/tax-invoices/" + month + "/issue", token: w.operator}
	},
	"addTemplate":    sends("POST", "/v1/templates", `{"code":"HELLO","channel":"@demo","body":"#{이름}님, 안녕하세요"}`),
	"removeTemplate": sends("DELETE", "/v1/templates/RESERVE_01", ""),
	"setTemplate":    sends("PUT", "/v1/templates/RESERVE_01", `{"channel":"@demo","body":"#{이름}님, 안녕하세요"}`),
	"submitTemplate": func(w *world) ask {
		return ask{method: "POST", path: w.flowers() + "/submit", body: `{"comment":"비밀 설명"}`}
	},
	"withdrawTemplate":      func(w *world) ask { return ask{method: "POST", path: w.inspected("") + "/withdraw"} },
	"openSite":              operated("POST", "/v1/sites", `{"id":"new","name":"새 가게","prices":{"sms":"17"}}`),
	"changeSite":            operated("PATCH", "/v1/sites/rich", `{"name":"큰 가게","weight":3,"state":"suspended"}`),
	"topUpSite":             operated("POST", "/v1/sites/rich/credit", `{"amount":"5000","kind":"paid","reason":"비밀 사유"}`),
	"setSitePrices":         operated("POST", "/v1/sites/rich/prices", `{"prices":{"sms":"17"}}`),
	"setInstallationPrices": operated("POST", "/v1/prices", `{"prices":{"sms":"17"}}`),
	"setSitePlan": func(w *world) ask {
		w.operate("POST", "/v1/plans", aPlan).is(201)
		return ask{method: "PUT", path: "/v1/sites/rich/plan", token: w.operator, body: `{"plan":"gold"}`}
	},
	"eraseSite": func(w *world) ask {
		w.operate("PATCH", "/v1/sites/poor", `{"state":"suspended"}`).is(200)
		return ask{method: "POST", path: "/v1/sites/poor/erase", token: w.operator, body: `{"confirm":"poor","forfeit":true,"reason":"비밀 사유"}`}
	},
	"enterSite":   operated("POST", "/v1/sites/rich/enter", `{"reason":"문의 1234"}`),
	"proveLedger": operated("POST", "/v1/system/prove", ""),
	"retryJobs": func(w *world) ask {
		w.buried("plan", "gold")
		return ask{method: "POST", path: "/v1/queues/jobs/retry", token: w.operator, body: `{"kind":"plan"}`}
	},
	"askErasure":      sends("POST", "/v1/erasures", `{"to":"010-1234-5678"}`),
	"putRetention":    sends("PUT", "/v1/retention", `{"days":90}`),
	"releaseTemplate": func(w *world) ask { return ask{method: "POST", path: w.inspected("dormant") + "/release"} },
}

// What must not be in any entry, whatever it was part of: numbers, people, texts, reasons, secrets.
var secret = []string{"01012345678", "010-1234-5678", "01087654321", "0261234567", "0270001234", "김하나", "이두리", "홍길동", "안녕하세요", "안내입니다", "비밀",
	"1002123456789", "owner@", "SECRETSENDERKEY", "cm_live_", hookSecret, "확정되었습니다", "이용증명원", "123456\""}

const (
	aContact   = `{"to":"010-1234-5678","name":"김하나"}`
	aSavedText = `{"title":"비밀 인사","kind":"text","folder":"비밀","body":"안녕하세요 김하나님"}`
	aPlan      = `{"id":"gold","name":"골드","prices":{"sms":"15.00"}}`
	aDocument  = "/v1/senders/0270001234/documents?kind=other&name=%EC%9D%B4%EC%9A%A9%EC%A6%9D%EB%AA%85%EC%9B%90.pdf"
	claimed    = `{"provider":"solapi","manager_phone":"010-1234-5678","category":"00100010001"}`
)

func sends(method, path, body string) func(*world) ask {
	return func(*world) ask { return ask{method: method, path: path, body: body} }
}

func operated(method, path, body string) func(*world) ask {
	return func(w *world) ask { return ask{method: method, path: path, body: body, token: w.operator} }
}

// firstToken is the id of a token of rich.
func (w *world) firstToken() (token string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		list, err := site.Tokens(tx, "rich", id.ID{}, 1)
		if err == nil {
			token = list[0].ID.Text(id.Token)
		}
		return err
	})
	return token
}

// importing is the import of a list.
func importing(w *world, path string) ask {
	media, body := formBody(w.t, "list@people.csv", "이름,전화번호\n김하나,010-1234-5678\n")
	return ask{method: "POST", path: path, media: media, body: string(body)}
}

// card leaves a card and gives its path.
func (w *world) card() string {
	begun := w.post("/v1/payment-methods", `{"return_url":"https://shop.example/cards"}`).is(201).json()
	w.pays(begun["checkout"], cardNumber, "pay")
	return "/v1/payment-methods/" + begun["id"].(string)
}

func (w *world) transfer(more string) string {
	return "/v1/credit/payments/" + w.made("/v1/credit/payments", `{"method":"transfer","amount":"30000"`+more+`}`)
}

func (w *world) withdrawal() string {
	w.paidCard(w.rich, "50000")
	return "/v1/credit/withdrawals/" + w.made("/v1/credit/withdrawals", `{"amount":"20000","reason":"비밀 사유"`+toBank+`}`)
}

func (w *world) group() string {
	return "/v1/groups/" + w.made("/v1/groups", `{"name":"비밀 단골"}`)
}

func (w *world) scheduled() string {
	at := time.Now().Add(time.Hour).Format(time.RFC3339)
	return "/v1/messages/" + w.send(over(fmt.Sprintf(`"scheduled_at":%q`, at)))["id"].(string)
}

func (w *world) reviewed() string {
	w.put("/v1/sending-rules", `{"review_above":1}`).is(200)
	return "/v1/messages/" + w.send(`{"strategy":"sms_only","text":{"body":"안내입니다"},"recipients":` + peopleOf(2) + `}`)["id"].(string)
}

// flowers makes a template whose channel is proven, and gives its path.
func (w *world) flowers() string {
	w.sim.Play(simulator.Scenario{Inspector: "wait"})
	w.post("/v1/kakao-channels/@flowers/registrations", claimed).is(200)
	w.post("/v1/kakao-channels/@flowers/registrations/solapi", `{"token":"123456"}`).is(200)
	w.post("/v1/templates", `{"code":"FLOWERS","channel":"@flowers","body":"#{이름}님, 안녕하세요"}`).is(201)
	return "/v1/templates/FLOWERS"
}

// inspected has that template at a vendor, in a state that its inspector gives it.
func (w *world) inspected(state string) string {
	path := w.flowers()
	w.post(path+"/submit", "").is(200)
	w.drain()
	if state == "" {
		return path
	}
	at := w.get(path).json()["registrations"].([]any)[0].(map[string]any)
	body := fmt.Sprintf(`{"vendor":"solapi","channel_id":%q,"template_id":%q,"state":%q}`, at["channel_id"], at["template_id"], state)
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/_sim/templates", strings.NewReader(body)))
	if rec.Code != http.StatusNoContent {
		w.t.Fatalf("set the template's state: %d %s", rec.Code, rec.Body)
	}
	w.post(path+"/sync", "").is(200)
	w.drain()
	return path
}

// entries are all of a world's log.
func (w *world) entries() (list []audit.Entry) {
	w.t.Helper()
	w.must(audit.Each(w.t.Context(), w.d, audit.Filter{All: true}, func(e audit.Entry) error { list = append(list, e); return nil }))
	return list
}

// who is the id of a token.
func (w *world) who(token string) (text string) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error {
		t, err := site.Authenticate(tx, token)
		text = t.ID.Text(id.Token)
		return err
	}))
	return text
}

func TestEachOperationThatChangesSomethingIsNotedWithWhoDidItAndFromWhere(t *testing.T) {
	d, _ := readDocument(t)
	found := map[string]bool{}
	for path, item := range d.Paths {
		for method, op := range item {
			if method == "get" {
				continue
			}
			found[op.OperationID] = true
			ask, listed := noted[op.OperationID]
			if reason, excused := unnoted[op.OperationID]; excused == listed || excused && reason == "" {
				t.Errorf("%s %s: %s is to be either noted or unnoted with a reason: give it an example here", method, path, op.OperationID)
				continue
			}
			if listed {
				t.Run(op.OperationID, func(t *testing.T) { noting(t, op.OperationID, ask) })
			}
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(noted)), slices.Collect(maps.Keys(unnoted))) {
		if !found[name] {
			t.Errorf("there is no operation %s", name)
		}
	}
}

// noting makes a request and looks for what is said of it.
func noting(t *testing.T, operation string, request func(*world) ask) {
	t.Parallel() // each has a world of its own
	w := onSQLite(t)
	a := request(w)
	if a.token == "" {
		a.token = w.rich
	}
	a.header = http.Header{"X-Request-Id": {"the-request"}}
	want := audit.Actor{Kind: audit.Token, ID: w.who(a.token), Name: "test", Address: "192.0.2.1", Request: "the-request", Operation: operation}
	if user := w.userOf(a.token); !user.IsZero() {
		want.Kind, want.ID, want.Name = audit.Person, user.Text(id.User), ""
	}
	if operation == "signIn" || operation == "finishPasswordReset" { // as whoever comes in by it
		a.token = ""
	}
	if got := w.do(a); got.status/100 != 2 {
		t.Fatalf("%s %s: got %d %s", a.method, a.path, got.status, got.body)
	}
	n := 0
	for _, e := range w.entries() {
		if e.Actor.Request != "the-request" {
			continue
		}
		n++
		if e.Actor != want {
			t.Errorf("%s is noted as done by %+v, want %+v", e.Action, e.Actor, want)
		}
		if operation != "importContacts" && operation != "importMembers" && operation != "importOptOuts" && e.Ref == "" && !strings.HasPrefix(e.Action, "words.") {
			t.Errorf("%s names no thing", e.Action)
		}
	}
	if n == 0 {
		t.Errorf("%s %s was done, and nothing is noted", a.method, a.path)
	}
	whole, err := json.Marshal(w.entries())
	w.must(err)
	for _, s := range append(secret, staffPassword, "kim@", "lee@") {
		if bytes.Contains(whole, []byte(s)) {
			t.Errorf("the log holds %q: %s", s, whole)
		}
	}
}
