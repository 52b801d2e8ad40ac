package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"creditmsg/client"
)

// fakeAPI answers as the server would, for the examples.
func fakeAPI() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"id":"msg_01k","status":"accepted","recipients":{"total":2,"accepted":1,"rejected":1},"held":"18.00",
			"rejections":[{"index":1,"to":"010-12","code":"invalid_number","detail":"too few digits"}]}`)
	})
	mux.HandleFunc("GET /v1/messages/{id}", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"id":"msg_01k","status":"done","counts":{"delivered":1},"actual_cost":"9.00","released":"9.00"}`)
	})
	mux.HandleFunc("GET /v1/credit/entries", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[{"seq":1,"kind":"payment","amount":"150000.00"},{"seq":2,"kind":"hold","amount":"18.00"}]}`)
	})
	mux.HandleFunc("GET /v1/stats", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"from":"2026-11-01","to":"2026-11-30","group_by":["channel"],"data":[
			{"channel":"alimtalk","final":8,"delivered":7,"failed":2,"fell_back":2,"cancelled":1,"cost":"63.00","success_rate":"1.0000","fallback_rate":"0.2857","kakao_reach_rate":"0.7777"},
			{"channel":"sms","final":2,"delivered":1,"failed":1,"cost":"18.00","refunded":"8.00","success_rate":"0.5000","fallback_rate":"0.0000","kakao_reach_rate":null}],
			"total":{"final":10,"delivered":8,"failed":3,"fell_back":2,"cancelled":1,"cost":"81.00","refunded":"8.00","success_rate":"0.8888","fallback_rate":"0.2222","kakao_reach_rate":"0.7777"}}`)
	})
	return httptest.NewServer(mux)
}

func Example() {
	api := fakeAPI()
	defer api.Close()
	ctx := context.Background()

	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := c.Send(ctx, client.Draft{
		Strategy: client.AlimtalkFirst,
		Alimtalk: &client.Alimtalk{TemplateCode: "RESERVE_01"},
		Text:     &client.Text{Body: "#{이름}님, 예약이 확정되었습니다."},
		Recipients: []client.Recipient{
			{To: "010-1234-5678", Variables: map[string]string{"이름": "김하나"}},
			{To: "010-12", Variables: map[string]string{"이름": "이두리"}},
		},
	})
	if p, refused := errors.AsType[*client.Problem](err); refused && p.Code == "insufficient_credit" {
		fmt.Println("top up:", p.Needed, "is needed and", p.Available, "is there")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range m.Rejections {
		fmt.Println(r.To, r.Code)
	}
	m, err = c.Wait(ctx, m.ID, nil)
	fmt.Println(m.Status, "for", m.ActualCost, "won", err)
	// Output:
	// 010-12 invalid_number
	// done for 9.00 won <nil>
}

func ExampleClient_SendStream() {
	api := fakeAPI()
	defer api.Close()
	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers := func(yield func(client.Recipient, error) bool) {
		for i := range 250_000 {
			if !yield(client.Recipient{To: fmt.Sprintf("010%08d", i)}, nil) {
				return
			}
		}
	}
	m, err := c.SendStream(context.Background(), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕하세요"}}, numbers)
	fmt.Println(m.ID, err)
	// Output: msg_01k <nil>
}

func ExampleAll() {
	api := fakeAPI()
	defer api.Close()
	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	list := func(p client.Paging) (client.Page[client.Entry], error) { return c.Entries(context.Background(), p) }
	for e, err := range client.All(list) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Seq, e.Kind, e.Amount)
	}
	// Output:
	// 1 payment 150000.00
	// 2 hold 18.00
}

func ExampleClient_Stats() {
	api := fakeAPI()
	defer api.Close()
	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := c.Stats(context.Background(), client.StatsQuery{From: "2026-11-01", To: "2026-11-30", GroupBy: []string{"channel"}})
	for _, l := range s.Data {
		fmt.Println(l.Channel, l.Delivered, l.Cost, l.SuccessRate)
	}
	fmt.Println("all", s.Total.Delivered, s.Total.Cost, s.Total.KakaoReachRate, err)
	// Output:
	// alimtalk 7 63.00 1.0000
	// sms 1 18.00 0.5000
	// all 8 81.00 0.7777 <nil>
}
