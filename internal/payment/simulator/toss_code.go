package simulator

import "net/http"

// tossError is the vendor's body of an error.
type tossError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// tossTexts are the vendor's codes with words of ours.
var tossTexts = map[string]string{
	"ALREADY_CANCELED_PAYMENT":                   "이미 취소된 결제 입니다.",
	"ALREADY_PROCESSED_PAYMENT":                  "이미 처리된 결제 입니다.",
	"ALREADY_REMOVED_BILLING_KEY":                "이미 삭제된 빌링키입니다.",
	"BELOW_MINIMUM_AMOUNT":                       "최소 결제 금액보다 작습니다.",
	"DUPLICATED_ORDER_ID":                        "이미 승인 및 취소가 진행된 중복된 주문번호 입니다.",
	"EXCEED_MAX_AMOUNT":                          "거래금액 한도를 초과했습니다.",
	"EXCEED_MAX_REFUND_DUE":                      "환불 가능한 기간이 지났습니다.",
	"FAILED_INTERNAL_SYSTEM_PROCESSING":          "내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해 주세요.",
	"FDS_ERROR":                                  "위험거래가 감지되어 결제가 제한됩니다.",
	"FORBIDDEN_CONSECUTIVE_REQUEST":              "반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해 주세요.",
	"IDEMPOTENT_REQUEST_PROCESSING":              "이전 멱등 요청이 처리 중입니다.",
	"INCORRECT_BASIC_AUTH_FORMAT":                "인증 형식이 올바르지 않습니다.",
	"INVALID_CARD_EXPIRATION":                    "카드 정보를 다시 확인해 주세요. (유효기간)",
	"INVALID_DATE":                               "날짜 데이터가 잘못 되었습니다.",
	"INVALID_IDEMPOTENCY_KEY":                    "멱등키가 올바르지 않습니다.",
	"INVALID_REFUND_ACCOUNT_INFO":                "환불 계좌 정보가 올바르지 않습니다.",
	"INVALID_REQUEST":                            "잘못된 요청입니다.",
	"INVALID_STOPPED_CARD":                       "정지된 카드 입니다.",
	"NOT_ALLOWED_PARTIAL_REFUND":                 "부분 환불이 불가능한 결제입니다.",
	"NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT": "입금 대기중인 결제는 부분 환불이 불가합니다.",
	"NOT_CANCELABLE_AMOUNT":                      "취소 할 수 없는 금액 입니다.",
	"NOT_CANCELABLE_PAYMENT":                     "취소 할 수 없는 결제 입니다.",
	"NOT_FOUND_BILLING":                          "존재하지 않는 빌링 결제 입니다.",
	"NOT_FOUND_PAYMENT":                          "존재하지 않는 결제 입니다.",
	"NOT_FOUND_PAYMENT_SESSION":                  "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.",
	"NOT_FOUND_RECEIPT":                          "존재하지 않는 현금영수증 입니다.",
	"NOT_MATCHES_CUSTOMER_KEY":                   "빌링 인증 고객키와 결제 요청 고객키가 일치하지 않습니다.",
	"NOT_SUPPORTED_CARD_TYPE":                    "지원되지 않는 카드 종류입니다.",
	"PAY_PROCESS_CANCELED":                       "사용자에 의해 결제가 취소되었습니다.",
	"PROVIDER_ERROR":                             "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해 주세요.",
	"REJECT_CARD_COMPANY":                        "결제 승인이 거절되었습니다.",
	"REJECT_CARD_PAYMENT":                        "한도초과 혹은 잔액부족으로 결제에 실패했습니다.",
	"TOO_MANY_REQUESTS":                          "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
	"UNAUTHORIZED_KEY":                           "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.",
}

// tossStatuses are the statuses of errors that are not 400.
var tossStatuses = map[string]int{
	"COMMON_ERROR": http.StatusInternalServerError, "FAILED_INTERNAL_SYSTEM_PROCESSING": http.StatusInternalServerError,
	"FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING": http.StatusInternalServerError, "FORBIDDEN_REQUEST": http.StatusForbidden,
	"IDEMPOTENT_REQUEST_PROCESSING": http.StatusConflict, "NOT_CANCELABLE_AMOUNT": http.StatusForbidden,
	"NOT_CANCELABLE_PAYMENT": http.StatusForbidden, "NOT_FOUND_PAYMENT": http.StatusNotFound,
	"NOT_FOUND_PAYMENT_SESSION": http.StatusNotFound, "REJECT_CARD_COMPANY": http.StatusForbidden,
	"REJECT_CARD_PAYMENT": http.StatusForbidden, "REJECT_ACCOUNT_PAYMENT": http.StatusForbidden,
	"TOO_MANY_REQUESTS": http.StatusTooManyRequests, "UNAUTHORIZED_KEY": http.StatusUnauthorized,
	"UNKNOWN_PAYMENT_ERROR": http.StatusInternalServerError, "NOT_FOUND_RECEIPT": http.StatusNotFound,
	"FORBIDDEN_CONSECUTIVE_REQUEST": http.StatusForbidden,
}

func tossSays(status int, code string) answer {
	return answer{status: status, body: tossError{code, orElse(tossTexts[code], "오류가 발생했습니다. ("+code+")")}}
}

// tossRefuses is the answer with a code, and the status that it comes with.
func tossRefuses(code string) answer {
	status := tossStatuses[code]
	if status == 0 {
		status = http.StatusBadRequest
	}
	return tossSays(status, code)
}

func tooFast(a answer) answer {
	a.wait = retryAfter
	return a
}

var tossDialect = &dialect{
	refuse:     tossRefuses,
	busy:       tooFast(tossRefuses("TOO_MANY_REQUESTS")),
	broken:     tossRefuses("FAILED_INTERNAL_SYSTEM_PROCESSING"),
	processing: tossRefuses("IDEMPOTENT_REQUEST_PROCESSING"),
	strange:    tossRefuses("PROVIDER_ERROR"),
}

var tossKeys = &keyRules{most: tossKeyMost, lasts: tossKeyLasts, tooLong: tossRefuses("INVALID_IDEMPOTENCY_KEY")}
