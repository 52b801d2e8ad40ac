package toss

import "creditmsg/internal/upstream"

// issuers are the card companies by the vendor's code.
var issuers = map[string]string{
	"3K": "기업비씨", "46": "광주", "71": "롯데", "30": "산업", "31": "비씨", "51": "삼성", "38": "새마을", "41": "신한", "62": "신협",
	"36": "씨티", "33": "우리", "W1": "우리", "37": "우체국", "39": "저축", "35": "전북", "42": "제주", "15": "카카오뱅크",
	"3A": "케이뱅크", "24": "토스뱅크", "21": "하나", "61": "현대", "11": "국민", "91": "농협", "34": "수협",
}

// label is a card as people read it: 신한 4330-1234-****-123*.
func (c *wireCard) label() string {
	company := issuers[c.Issuer]
	if company == "" {
		company = "카드"
	}
	if number := upstream.Code(c.Number); number != "" {
		return company + " " + grouped(number)
	}
	return company
}

// grouped sets a dash behind every four characters.
func grouped(number string) string {
	out := ""
	for i := 0; i < len(number); i += 4 {
		if i > 0 {
			out += "-"
		}
		out += number[i:min(i+4, len(number))]
	}
	return upstream.Words(out)
}

// means is what a payment was paid with.
func (p *wirePayment) means() string {
	switch {
	case p.Card != nil:
		return p.Card.label()
	case p.EasyPay != nil && p.EasyPay.Provider != "":
		return upstream.Words(p.EasyPay.Provider)
	}
	return upstream.Words(p.Method)
}
