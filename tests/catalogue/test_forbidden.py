"""What may not stand in a value: statements about somebody are found, lawful content is left alone."""

import duckdb
import pytest

from xinyong.catalogue import forbidden

FORBIDDEN = [
    "宗教信仰：佛教", "申请人信仰伊斯兰教", "张某，男，汉族，1980年生", "民族: 回族", "血型：O型", "血型为AB", "基因型：AA",
    "指纹编号：00123", "既往病史：高血压", "健康状况：乙肝携带", "当事人患有精神分裂症", "法定代表人被诊断为肺癌",
    "负责人曾确诊为新型冠状病毒病", "其HIV检测结果呈阳性", "艾滋病抗体检测阳性", "经营者系艾滋病患者", "政治面貌：群众", "本人身患胃癌",
]  # fmt: skip
LAWFUL = [
    "未按规定处置医疗废物", "安排患有国务院卫生行政部门规定的有碍食品安全疾病的人员从事接触直接入口食品的工作",
    "未执行传染病疫情报告制度", "推诿、拒绝诊治艾滋病病毒感染者", "未建立疾病预防控制制度", "宗教活动场所未办理登记",
    "销售假冒民族服饰", "未按规定保存指纹锁产品检验记录", "采血站未标明血型试剂批号", "擅自设立民族医诊所", "基因检测广告虚假宣传",
    "未取得健康证明上岗", "食品标签未标注“少数民族特色”", "非法采集血液", "健康状况：无", "患者投诉后未整改",
    "本公司经营血型检测试剂盒", "动物防疫条件不合格，猪瘟疫病检出", "违反《中华人民共和国传染病防治法》第五十一条第一款",
]  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_statement_about_somebody_is_found(text: str) -> None:
    assert forbidden.scan(text)


@pytest.mark.parametrize("text", LAWFUL)
def test_lawful_content_is_left_alone(text: str) -> None:
    assert not forbidden.scan(text)


def test_the_pattern_on_columns_agrees_with_the_scan() -> None:
    texts = FORBIDDEN + LAWFUL
    rows = duckdb.execute(
        "SELECT regexp_matches(t, $p) FROM (SELECT unnest($t) AS t)", {"p": forbidden.PATTERN, "t": texts}
    )
    assert [row[0] for row in rows.fetchall()] == [bool(forbidden.scan(text)) for text in texts]


def test_the_sentence_names_the_class_but_does_not_repeat_the_words() -> None:
    zh, en = forbidden.sentence("张某，男，汉族，血型：O")
    assert "民族" in zh
    assert "blood type" in en
    assert "汉族" not in zh


@pytest.mark.parametrize(
    "name", ["General remarks", "Trace number", "许可内容", "Graded", "Aidsea Ltd", "Number of stores"]
)
def test_innocent_names_are_left_alone(name: str) -> None:
    assert forbidden.in_name(name) is None


@pytest.mark.parametrize(
    "name",
    ["宗教信仰", "血型", "DNA 编号", "Blood type", "XUEXING", "指 纹", "既往病史", "民族", "政治面貌", "健康状况"],
)
def test_forbidden_names_are_found_however_they_are_written(name: str) -> None:
    hit = forbidden.in_name(name)
    assert hit is not None
    assert hit.ban is forbidden.Ban.ABSOLUTE
