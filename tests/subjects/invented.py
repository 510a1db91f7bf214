"""Invented names for tests and measurements: fictitious places, realistic shape and skew."""

import random
from collections.abc import Iterator

COUNTIES = ["青石", "白鹭", "河湾", "松岭", "金穗", "南埠", "临泽", "东篱", "云屏", "望川", "古渡", "长堤"]
CHARACTERS = (
    "星河瑞祥宏达鑫盛恒泰华信德隆嘉禾天佑明远博雅润丰瑞安康宁福临顺兴旺和美佳艺锦绣凯旋龙腾飞宇航海纳百川聚贤创新智"
    "慧联合众诚立业广源正阳光辉煌金玉银铭晟昊轩睿哲翰墨书香竹林松柏梅兰菊荷莲桂枫橡榆杨柳桃李杏梨枣栗麦稻谷粟豆棉麻丝绸"
    "锦缎纱绫罗绢布帛衣冠履带巾帽伞扇灯烛炉鼎壶杯盘碗碟勺筷刀剑弓箭车船桥路街巷楼阁亭台轩榭廊园池泉溪涧湖泊江岸洲岛屿"
)
INDUSTRIES = [
    ("科技", 16), ("商贸", 14), ("贸易", 9), ("建筑工程", 7), ("文化传媒", 5), ("信息技术", 5), ("餐饮管理", 5), ("装饰工程", 4),
    ("物流", 4), ("农业发展", 4), ("机械制造", 3), ("医药", 2), ("教育咨询", 3), ("物业服务", 2), ("食品", 3), ("服饰", 2),
    ("电子商务", 3), ("环保科技", 2), ("汽车销售服务", 2), ("房地产开发", 2), ("塑料制品", 1), ("包装印刷", 1), ("人力资源", 2),
]  # fmt: skip
FORMS = [("有限公司", 70), ("有限责任公司", 8), ("股份有限公司", 2), ("", 12), ("专业合作社", 5), ("中心", 3)]


def names(count: int, *, seed: int = 1) -> Iterator[str]:
    """``count`` names: 云溪市 or a county in front, 2–4 characters of trade name, an industry, a legal form."""
    chance = random.Random(seed)
    industries, industry_weights = zip(*INDUSTRIES, strict=True)
    forms, form_weights = zip(*FORMS, strict=True)
    weights = [1 / (rank + 20) for rank in range(len(CHARACTERS))]
    for _ in range(count):
        place = "云溪市" if chance.random() < 0.6 else chance.choice(["", "云溪"]) + chance.choice(COUNTIES) + "县"
        trade = "".join(chance.choices(CHARACTERS, weights, k=chance.choice([2, 2, 2, 3, 3, 4])))
        industry = chance.choices(industries, industry_weights)[0]
        form = chance.choices(forms, form_weights)[0]
        yield f"{place}{trade}{industry}{form or chance.choice(['店', '经营部', '商行'])}"
