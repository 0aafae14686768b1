"""Names of the sample corpus: what `make_sample.py` composes its entities from (data only)."""

# Whitespace-separated pools, one section each. In the pools named by DIVIDED every string belongs
# to one of train, dev and test alone; all other pools are shared by the three.
DIVIDED = (
    "country", "province", "city", "abroad", "region", "water", "peak", "ministry", "worldbody",
)

POOLS = """
= common_surname
王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧
= usual_surname
程 曹 袁 邓 许 傅 沈 曾 彭 吕 苏 卢 蒋 蔡 贾 丁 魏 薛 叶 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石
姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 龙 万 段 雷 钱 汤
= rarer_surname
尹 黎 易 常 武 乔 贺 赖 龚 文 庞 樊 兰 殷 施 陶 洪 翟 安 颜 倪 严 牛 温 芦 季 俞 章 鲁 葛 伍 韦 申
尤 毕 聂 丛 焦 向 柳 邢 路 岳 齐 梅 莫 庄 辛 管 祝 左 涂 谷 祁 时 舒 耿 牟 卜 詹 关 苗 凌 费 纪 靳
盛 童 欧 甄 项 曲 成 游 阳 裴 席 卫 查 屈 鲍 位 覃 霍 翁 隋 植 甘 景 薄 单 包 司 柏 宁 柯 阮 桂 闵
解 强 柴 华 车 冉 房 边 净 阴 闫 佘 练 肖 付 代
= double_surname
欧阳 司马 上官 诸葛 皇甫 司徒 东方 夏侯 慕容 令狐 公孙 尉迟
= usual_given
伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 秀 霞 平 刚 桂 英 华 玉 兰 红 建 国 志 文 斌 辉 海
波 鹏 飞 云 林 春 梅 雪 琴 凤 晓 东 小 龙 永 庆 光 荣 德 福 贵 祥 瑞 宁 安 泰 义 仁 礼 忠 孝 诚 毅
清 耀 宗 祖 世 家 兴 昌 金 宝 珠 珍 玲 洁 心 怡 欣 颖 慧 哲 爱 美 佳 婷 嘉 芬 莉 莲 菊 萍 兵 晨 阳
亮 星 宇 山 川 江 浩 泽 润 峰 岩 松 柏 树 栋 梁 虎 翔 鸿 燕 良 才 俊 雄 武 锋 铁 铭 元 维 纲 彩 丹
青 宏 广 恒 功 胜 凯 航 新 秋 冬 月
= rarer_given
吉 康 顺 智 信 勤 俭 坚 廉 旺 盛 隆 茂 繁 银 珊 瑚 琳 琅 璐 瑶 琪 瑾 瑜 璇 莹 晶 冰 悦 乐 欢 喜 笑
聪 睿 恩 慈 善 妍 媛 嫣 婉 娴 妮 姗 婕 芸 芹 芝 苹 茹 荷 莎 菲 蓉 蓓 蕾 薇 葵 彬 炳 焕 灿 烨 煜 炜
炎 煌 熙 照 晖 曦 旭 昊 昕 昱 晟 景 朝 朗 辰 宙 河 湖 洪 瀚 渊 源 泉 沛 溪 淳 滨 澜 涵 淑 湘 潇 霖
霄 雯 霜 露 雷 震 霆 风 岭 岳 峻 崇 嵩 巍 峥 杨 柳 桐 楠 榕 梓 森 材 根 桦 枫 棋 彪 豹 骏 骥 驰 腾
翼 翰 鹤 鹰 鹃 莺 麟 鲲 贤 豪 威 猛 烈 锐 钢 钧 铮 锦 鑫 钰 镇 铎 邦 民 朋 伦 伯 仲 叔 季 亨 利 贞
绍 绪 纪 纶 纯 绮 紫 碧 翠 素 黛 墨 诗 词 章 韵 音 歌 舞 博 彦 儒 敬 谦 恭 温 宽 厚 久 勋 业 绩 捷
奇 帆 舟 然 若 卓 双 千 生 跃 振 奋 革 护 权 灵 效 惠 赐 佑 茜 苗 倩 俏 丛 夏 梦 霏 韬 琛 璟 皓 暄
馨 芮 蕊 蔚 苇 茵 荔 莘 菁 萱 蕴 桃 杏 枝 桥 楷 榆 槐 樱 溢 潞 澄 涓 沁 泓 炯 瑛 璞 磐 祺 禄 禧 秉
穗 竹 筠 箫 粤 缨 耘 艺 芙 苑 虹 蝶 裕 谊 谨 豫 赫 轩 迪 逸 遥 郁 钊 钦 铃 锴 靖 韶 颂 骁 鸣 黎 鼎
龄 昂 昭 曼 朔 杭 柱 桓 棠 楚 澈 珂 琦 甫 畴 皎 硕 禹 秦 竣 绣 绢 羽 舜 芷 苏 蓬 衍 衡
= foreign_first
阿 艾 安 奥 巴 贝 本 比 波 布 查 达 戴 德 迪 杜 多 恩 法 费 弗 福 盖 格 古 哈 汉 赫 霍 加 杰 卡 凯
科 克 拉 莱 兰 劳 勒 雷 里 利 林 卢 鲁 罗 洛 马 麦 曼 梅 蒙 米 莫 穆 纳 内 尼 诺 帕 佩 皮 普 乔 琼
萨 塞 桑 沙 施 史 斯 索 塔 泰 特 托 瓦 威 韦 维 沃 西 希 谢 雅 耶 伊 尤 约 扎 詹 朱
= foreign_middle
尔 拉 里 利 罗 洛 马 米 莫 纳 尼 诺 塔 特 托 瓦 维 基 克 卡 加 德 迪 多 达 伦 林 兰 姆 斯 萨 西 奇
勒 雷 贝 布 丹 顿 恩 格 肯 莱 曼 普 桑 泽 森 辛 于
= foreign_last
斯 尔 特 森 顿 曼 德 克 尼 里 诺 托 娃 夫 维奇 斯基 莱 利 恩 姆 拉 罗 塞 兹 伯格 维尔 达 纳 尔斯
特勒 蒂 耶 丁 尼克 切克 洛夫 逊 松 金斯 雷拉 兰德
= foreign_given
约翰 彼得 保罗 托马斯 罗伯特 大卫 理查德 威廉 詹姆斯 亨利 查尔斯 爱德华 乔治 弗兰克 马丁 卡尔 汉斯
安德烈 米歇尔 皮埃尔 弗朗索瓦 胡安 何塞 卡洛斯 路易斯 安东尼奥 马里奥 保拉 玛丽 安娜 伊丽莎白 海伦
凯瑟琳 艾米 索菲亚 娜塔莎 伊万 谢尔盖 尼古拉 弗拉基米尔 米哈伊尔 奥列格 阿里 哈桑 穆罕默德
艾哈迈德 法蒂玛 易卜拉欣 优素福 拉吉 阿努普 苏尼尔 维克多 莫妮卡 劳拉 克里斯 杰克 汤姆 迈克 史蒂文
布莱恩 凯文 丹尼尔 西蒙 菲利普 雅各布 卢卡 马可 埃里克 奥斯卡 拉尔夫 尼尔斯 英格丽
= japanese_surname
田中 铃木 佐藤 高桥 山本 渡边 中村 小林 加藤 吉田 山田 佐佐木 山口 松本 井上 木村 清水 山崎 池田
桥本 石川 小川 冈田 长谷川 藤田 后藤 村上 远藤 青木 坂本
= japanese_given
太郎 健一 一郎 和夫 幸子 惠子 正雄 真由美 洋子 直树 拓也 俊介 由纪 大辅 美穗 信二 雅彦 浩二 秀树
千春
= steppe_given
扎西 次仁 卓玛 多吉 丹增 索朗 平措 德吉 央金 白玛 旺堆 格桑 尼玛 达瓦 巴桑 边巴 罗布 洛桑
= tarim_given
买买提 阿不都 吐尔逊 艾力 阿依古丽 热合曼 玉素甫 库尔班 帕提古丽 卡德尔 依明 肉孜 沙吾提 巴哈尔
= stem
清河 石桥 龙泉 永安 平川 新店 白塔 青山 大湾 东岭 南浦 西关 北坪 长丰 高家 李家 王庄 张庄 刘集
陈埠 杨树 柳林 桃源 梅岭 竹山 松江 柏树 桂花 兰溪 荷塘 莲花 菊园 金沙 银川 铜鼓 铁山 玉田 珠山
宝丰 富民 安康 太平 和顺 仁义 忠信 德胜 福海 寿光 喜鹊 凤台 龙门 虎丘 马鞍 牛头 羊角 鸡鸣 鹤岗
雁荡 鹿泉 狮岭 象山 鱼台 蛟河 红旗 黄土 蓝田 绿洲 紫阳 黑石 丹阳 碧江 翠屏 云台 雾灵 雪峰 霜林
雷州 星火 月湖 日照 朝阳 晨光 夕照 春华 夏津 秋浦 冬青 东平 西华 南丰 北安 中江 上河 下关 前进
后溪 左权 右玉 内丘 外桥 三河 四平 五台 六合 七里 八里 九江 十里 百泉 千山 万安 双流 单城 江口
河口 湖口 海口 港南 湾头 洲尾 沙坪 滩头 堤角 坝上 塘下 池口 泉州 井冈 溪口 沟门 谷城 峡山 岭东
岗上 坡头 坪石 原平 野寨 田东 园林 林口 森茂 桥头 路南 街口 巷里 城关 镇海 乡宁 村前 屯留 寨河
堡子 营口 关山 店集 铺前 驿城 渡口 码头 船山 帆石 舟曲 车河 驾岭 轮台 钟楼 鼓楼 塔河 阁老 寺前
庙坝 观山 宫前 殿下 府谷 台前 亭湖 榭里 墙南 门源 窗口 瓦房 砖窑 木兰 石泉 土桥 水城 火烧 金堂
盐田 茶陵 酒泉 米易 麦积 谷里 豆村 棉湖 麻城 丝路 绸岭 布尔 衣锦 鞋塘 帽山 文登 武陵 礼泉 乐平
书院 画桥 诗山 歌乐 琴江 棋盘 剑阁 弓长 盾山 旗岭
= stem_first
东 西 南 北 新 长 高 平 安 永 兴 清 青 白 黄 红 金 银 玉 龙 凤 云 石 大 古 泰 宁 昌 富 广 嘉 临 陵
梅 松 桃 望 武 襄 宣 益 盈 裕 振
= stem_last
阳 州 宁 城 昌 溪 川 泉 桥 坪 岭 港 陵 浦 塘 沙 屏 关 丰 和 洲 源 山 水 庄 台
= country
美国 英国 法国 德国 日本 泰国 俄罗斯 印度 新西兰 巴西 加拿大 爱尔兰 澳大利亚 意大利 韩国 墨西哥
埃及 罗马尼亚 南非 土耳其 阿根廷 伊拉克 以色列 塔吉克斯坦 巴勒斯坦 沙特阿拉伯 叙利亚 黎巴嫩 科威特
坦桑尼亚 也门 阿富汗 伊朗 孟加拉国 斯里兰卡 斯洛文尼亚 尼泊尔 缅甸 越南 老挝 新加坡 阿尔及利亚
印度尼西亚 文莱 白俄罗斯 朝鲜 哈萨克斯坦 巴基斯坦 乌兹别克斯坦 吉尔吉斯斯坦 土库曼斯坦 格鲁吉亚
亚美尼亚 西班牙 阿塞拜疆 波兰 斯洛伐克 捷克 保加利亚 匈牙利 塞尔维亚 克罗地亚 阿尔巴尼亚 塞浦路斯
斐济 菲律宾 奥地利 比利时 纳米比亚 荷兰 卢森堡 瑞典 丹麦 挪威 芬兰 冰岛 葡萄牙 智利 爱沙尼亚
拉脱维亚 希腊 立陶宛 摩洛哥 乌克兰 突尼斯 利比亚 苏丹 埃塞俄比亚 肯尼亚 约旦 卢旺达 赞比亚 蒙古
津巴布韦 安哥拉 柬埔寨 莫桑比克 尼日利亚 加纳 塞内加尔 刚果 马来西亚 古巴 秘鲁 喀麦隆 哥伦比亚
委内瑞拉 乌干达 厄瓜多尔 玻利维亚 乌拉圭 巴拉圭 巴拿马 瑞士
= province
河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南
陕西 甘肃 青海 台湾
= city
北京 上海 天津 重庆 广州 深圳 武汉 南京 杭州 成都 西安 沈阳 大连 青岛 济南 郑州 长沙 福州 厦门
昆明 贵阳 南宁 海口 石家庄 太原 长春 哈尔滨 合肥 南昌 兰州 西宁 银川 乌鲁木齐 拉萨 呼和浩特 香港
澳门 台北 高雄 苏州 无锡 常州 宁波 温州 绍兴 嘉兴 扬州 徐州 镇江 南通 烟台 潍坊 淄博 洛阳 开封
襄樊 宜昌 荆州 株洲 湘潭 岳阳 桂林 柳州 珠海 佛山 东莞 汕头 湛江 中山 三亚 绵阳 德阳 乐山 遵义
大理 丽江 咸阳 宝鸡 延安 大同 包头 鞍山 抚顺 锦州 大庆 齐齐哈尔 牡丹江 唐山 秦皇岛 保定 邯郸 芜湖
蚌埠 泉州 漳州 九江 赣州
= abroad
华盛顿 纽约 洛杉矶 芝加哥 旧金山 波士顿 休斯敦 西雅图 费城 底特律 伦敦 巴黎 柏林 慕尼黑 法兰克福
汉堡 罗马 米兰 都灵 威尼斯 马德里 巴塞罗那 里斯本 布鲁塞尔 阿姆斯特丹 日内瓦 苏黎世 维也纳 布拉格
布达佩斯 华沙 莫斯科 圣彼得堡 基辅 明斯克 雅典 伊斯坦布尔 安卡拉 开罗 德黑兰 巴格达 大马士革
贝鲁特 耶路撒冷 利雅得 迪拜 新德里 孟买 加尔各答 伊斯兰堡 卡拉奇 喀布尔 达卡 加德满都 仰光 曼谷
河内 金边 万象 吉隆坡 雅加达 马尼拉 东京 大阪 京都 名古屋 横滨 神户 首尔 釜山 平壤 悉尼 墨尔本
堪培拉 惠灵顿 渥太华 多伦多 蒙特利尔 温哥华 墨西哥城 哈瓦那 里约热内卢 圣保罗 布宜诺斯艾利斯
圣地亚哥 利马 波哥大 内罗毕 拉各斯 开普敦 约翰内斯堡 达喀尔 突尼斯城 奥斯陆 斯德哥尔摩 哥本哈根
赫尔辛基
= region
亚洲 欧洲 非洲 拉丁美洲 北美 中东 东南亚 中亚 西非 东欧 北欧 华北 东北 华东 华南 西南 西北
长江三角洲 珠江三角洲 大洋洲 南亚 东亚 南美 海湾地区 加勒比地区 巴尔干半岛 朝鲜半岛 黄土高原
青藏高原 华北平原 大别山区 太行山区 沂蒙山区 武陵山区 内蒙古 广西 西藏 宁夏 新疆
= water
长江 黄河 珠江 淮河 海河 松花江 辽河 汉江 湘江 赣江 闽江 嘉陵江 金沙江 澜沧江 雅鲁藏布江 塔里木河
太湖 洞庭湖 鄱阳湖 青海湖 洪泽湖 巢湖 西湖 滇池 渤海 黄海 东海 南海 太平洋 大西洋 印度洋 北冰洋
地中海 波斯湾 红海 黑海 里海 尼罗河 亚马孙河 密西西比河 多瑙河 莱茵河 伏尔加河 湄公河 恒河
= peak
泰山 华山 黄山 庐山 峨眉山 武夷山 长白山 太行山 秦岭 大兴安岭 天山 昆仑山 祁连山 喜马拉雅山
珠穆朗玛峰 五台山 井冈山 贺兰山 阿尔卑斯山 安第斯山 落基山 乌拉尔山 富士山 阴山 衡山 嵩山
= ministry
外交部 国防部 教育部 财政部 商务部 卫生部 农业部 文化部 公安部 司法部 民政部 交通部 铁道部 水利部
科技部 人事部 劳动部 建设部 国土资源部 信息产业部 国家统计局 国家税务总局 海关总署 国家体育总局
国家林业局 国家旅游局 中国气象局 国家文物局 新华社 国务院 最高人民法院 最高人民检察院 全国总工会
全国妇联 国务院新闻办公室 国家发展计划委员会
= worldbody
联合国 世界银行 国际货币基金组织 世界贸易组织 世界卫生组织 欧盟 东盟 北约 非洲联盟 阿拉伯国家联盟
国际奥委会 国际足联 红十字国际委员会 国际原子能机构 联合国儿童基金会 联合国教科文组织 国际刑警组织
欧洲中央银行 亚洲开发银行 石油输出国组织 国际劳工组织 绿色和平组织
= brand_first
华 恒 天 宏 瑞 盛 金 东 中 远 海 新 光 大 万 联 方 鸿 嘉 亚 南 百 科 三 永 正 同 德 凯 美 康 星 创
龙 博
= brand_last
达 泰 通 信 源 丰 业 和 利 兴 盛 隆 成 发 力 威 海 诺 讯 创 基 邦 康 安 宝 佳 捷 顿 特 尔 辉 胜 润
= industry
电子 化工 钢铁 汽车 食品 药业 纺织 水泥 机械 能源 电力 石油 航空 旅游 科技 软件 通信 地产 物流
建材 造船 轴承 玻璃 服装 家具 乳业 酒业 茶业 造纸 塑料 环保 信息 矿业 投资 网络 文化传媒 生物 电器
自行车 铝业
= field
农业 水利 林业 渔业 畜牧 气象 地质 地震 海洋 环境 卫生 医学 教育 体育 文化 艺术 历史 考古 文物
语言 法学 经济 金融 财政 税务 审计 统计 贸易 旅游 交通 铁路 公路 航空 航天 通信 电力 能源 石油
煤炭 冶金 化学 物理 数学 生物 天文 信息 软件 机械 建筑 规划 测绘 材料 纺织 食品 药品 粮食 棉花
茶叶 消防 安全 法律 社会 人口 妇女 儿童 青年 老龄 残疾人 慈善 科技 知识产权 出版 新闻 摄影 戏剧
音乐 舞蹈 美术 书法 围棋 足球 篮球 田径 游泳 登山
= discipline
师范 理工 医科 农业 工业 财经 政法 外国语 科技 交通 海洋 林业 民族 体育 中医药 邮电 石油 航空 建筑
纺织 音乐 美术 传媒 职业技术
= bureau
教育 公安 财政 民政 司法 农业 水利 林业 卫生 文化 体育 旅游 交通 建设 环保 工商 税务 质监 审计
统计 物价 粮食 人事 劳动 土地管理 房产管理 气象 邮政 城管
= welfare
博爱 仁爱 康复 同济 协和 友谊 惠民 平安 慈济 安康 和平 红十字 中心 人民 第一 第二 第三 中医 儿童
妇幼保健 口腔 肿瘤 胸科 铁路 职工 眼科
= animal
雄狮 猛虎 飞鹰 蓝鲸 黑豹 金牛 骏马 飞龙 火箭 闪电 太阳 海豚 白鹭 红狼 天马 银鹤
= press
日报 晚报 晨报 商报 早报 时报 周报 青年报 农民报 法制报 经济导报 画报 周刊
= foreign_press
镜报 邮报 论坛报 先驱报 卫报 纪事报 观察家报 消息报 每日新闻 信使报 环球报 独立报
"""

# One expansion a line. `{x}` draws from the pool or rule x, `{3-9}` a number, `[a|b|]` one of the
# choices. What a rule named per*, loc* or org* yields is one entity (the outermost such rule wins).
RULES = """
= surname
{common_surname} {common_surname} {common_surname} {usual_surname} {usual_surname} {rarer_surname}
= given
{usual_given} {usual_given} {usual_given} {rarer_given}
= per
{per_zh} {per_zh} {per_zh} {per_zh} {per_zh} {per_zh} {per_foreign} {per_foreign}
[{per_other}|{per_zh}]
= per_zh
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{per_three}
{surname}{given}
{surname}{given}
{double_surname}{given}[{given}|]
[{surname}{surname}{given}{given}|{per_three}]
= per_three
{surname}{given}{given}
= foreign_surname
{foreign_first}{foreign_last}
{foreign_first}{foreign_middle}{foreign_last}
{foreign_first}{foreign_middle}{foreign_last}
{foreign_first}{foreign_middle}{foreign_middle}{foreign_last}
= per_foreign
{foreign_surname}
{foreign_surname}
{foreign_given}·{foreign_surname}
{foreign_given}·{foreign_surname}
{foreign_given}·[{foreign_given}|{foreign_surname}]·{foreign_surname}
{foreign_surname}·{foreign_surname}
= per_other
{japanese_surname}{japanese_given}
{japanese_surname}{japanese_given}
{steppe_given}{steppe_given}
{tarim_given}·{tarim_given}
[金|朴|崔|李|郑|尹|姜][正|在|东|永|昌|相|成|泰|哲|美][浩|民|勋|熙|焕|吉|镐|淑|俊|植]
= place
{city} {city} {stem} {stem} {stem_first}{stem_last}
= loc
{loc_city} {loc_city} {loc_county} {loc_county} {loc_county} {loc_town} {loc_town} {loc_country}
{loc_country} {loc_abroad} {loc_province} {loc_water} {loc_peak} {loc_street} {loc_spot}
[{loc_region}|{loc_city}]
= loc_home
{loc_city} {loc_city} {loc_county} {loc_county} {loc_town} {loc_province}
= loc_country
{country}
= loc_province
{province}省 {province}[省|]
= loc_city
{city}[市|] {stem}市 {stem_first}{stem_last}市
= loc_county
{stem}[县|县|区] {stem_first}{stem_last}[县|区]
= loc_town
{stem}[镇|乡|村|街道] {stem_first}{stem_last}[镇|乡|村] {surname}家[村|庄|沟|寨|屯]
= loc_abroad
{abroad}
{foreign_first}{foreign_middle}[堡|顿|维尔|格勒|斯克|港|市|省|州]
{foreign_first}{foreign_middle}{foreign_middle}[堡|市|省|州|岛]
= loc_water
[{water}|{loc_river}]
{stem}[河|江|湖|水库|湾|溪]
{stem_first}{stem_last}[河|江|湖|水库]
= loc_river
{stem}[河|江|溪] {stem_first}{stem_last}[河|江]
= loc_peak
[{peak}|{stem}山]
{stem}[山|岭|峡谷|山脉|岛|林场|盆地]
{stem_first}{stem_last}[山|岭|岛|峰]
= loc_region
{region}
= loc_street
{stem}[路|街|大道|大街|东路|西路|南街|胡同|巷] {stem_first}{stem_last}[路|街|大道|北路|中路]
[人民|解放|建设|中山|胜利|和平|新华|文化|光明|友谊][东|西|南|北|一|二|三|四][路|街]
= loc_spot
{place}[国际机场|机场|火车站|长途汽车站|港|大桥|立交桥|广场|公园|体育场|开发区|古城|遗址|隧道|口岸|自然保护区]
{stem}[寺|塔|庙|书院旧址|大坝|矿区|油田|码头|小区|花园|工业园]
= org
{org_univ} {org_school} {org_hospital} {org_company} {org_company} {org_ministry} {org_bureau}
{org_bureau} {org_team} {org_media} {org_bank} {org_committee} {org_court} {org_institute}
{org_society} {org_world} {org_house}
= org_local
{org_school} {org_hospital} {org_house} {org_company}
= org_public
{org_univ} {org_hospital} {org_bureau} {org_bureau} {org_ministry} {org_committee} {org_institute}
{org_society}
= org_univ
{place}{discipline}[大学|学院|大学|学院|专科学校]
{province}{discipline}[大学|学院]
{place}大学
= org_school
{place}[市|县|]第[一|二|三|四|五|六|七|八|九|十][中学|小学|中学|高级中学]
{place}[实验|中心|外国语|育才|育英|希望|逸夫|附属][小学|中学|学校|幼儿园]
= org_hospital
{place}[市|县|]{welfare}医院
{place}{welfare}[医院|医院|卫生院|急救中心]
{province}省{welfare}医院
= org_company
{brand}{industry}[公司|集团|有限公司|股份有限公司|厂]
{place}{brand}{industry}[公司|集团|有限公司|股份有限公司]
{place}{industry}[公司|集团|总公司|厂]
{place}[第一|第二|第三|]{industry}厂
{brand}[公司|集团|股份]
{org_brand}
= brand
{brand_first}{brand_last} {brand_first}{brand_last} {foreign_first}{foreign_last}
= org_brand
{brand}{industry}[公司|集团|有限公司]
{letters}[公司|集团]
{foreign_first}{foreign_middle}{foreign_last}[公司|集团|电脑公司|石油公司|航空公司]
= letters
{letter}{letter}{letter} {letter}{letter} {letter}{letter}{letter}{letter}
= letter
[A|B|C|D|E|F|G|H|I|K|L|M|N|O|P|R|S|T|U|W|X]
= org_letters
{letter}{letter}{letter} {letter}{letter}{letter}{letter}
= org_ministry
{ministry}
{ministry}
{country}[外交部|国防部|财政部|卫生部|议会|政府|中央银行|最高法院|内政部|驻华大使馆]
{province}省[政府|教育厅|水利厅|卫生厅|公安厅|交通厅|农业厅|民政厅|文化厅|财政厅]
= org_bureau
{place}[市|县|区]{bureau}局
{place}[市|县|区]{bureau}局
{province}省{bureau}局
{place}[市|县|区][人民政府|政府|委宣传部|疾病预防控制中心|消费者协会|总工会|妇联|团委]
{place}海关
= org_committee
{place}[市|县|][{field}|{bureau}]委员会
{province}省{field}[管理|工作|]委员会
{place}村村民委员会
全国{field}[标准化|教学指导|工作]委员会
{country}{field}委员会
= org_court
{place}[市|县|区][中级|]人民[法院|法院|检察院]
{province}省高级人民法院
= org_institute
{place}{field}[研究所|研究院|研究中心|设计院]
{province}省{field}[科学院|研究所|研究院|研究中心]
{country}{field}[研究所|学院|实验室]
{letters}实验室
= org_society
{place}[市|]{field}[协会|学会|基金会|联合会|商会|志愿者协会]
{province}省{field}[协会|学会|基金会|联合会]
全国{field}[协会|学会|联合会]
中华{field}[基金会|协会|学会]
= org_world
{worldbody}
[国际|世界|亚洲|欧洲|非洲|全球]{field}[组织|联合会|联盟|理事会|基金会|协会]
= org_team
{place}[{brand}|{animal}|{industry}]队
{place}{brand}[足球|篮球|排球|乒乓球]俱乐部
{country}队
{country}国家[男篮|女排|足球队|游泳队]
{province}[男篮|女篮|男排|女足|队]
= org_media
{place}{press}
{place}[电视台|人民广播电台|新闻网]
{foreign_first}{foreign_last}[通讯社|广播公司|电视台]
{province}[日报|卫视|电视台|青年报]
= org_paper
{place}{press}
{place}{press}
{foreign_first}{foreign_last}{foreign_press}
{country}{foreign_press}
= org_bank
{place}[城市商业|商业|农村信用合作|][银行|银行]
{brand}银行
{brand}银行{place}[分行|支行]
{country}[中央|国家|开发|储备]银行
{brand}[证券|保险|基金管理|信托投资]公司
= org_house
{place}[博物馆|图书馆|美术馆|科技馆|大剧院|文化馆|少年宫]
{place}[京剧团|歌舞团|话剧院|交响乐团|杂技团|芭蕾舞团|豫剧团]
{place}[人民|文艺|教育|科技|美术|古籍]出版社
{brand}[百货大楼|商场|饭店|大酒店|书店]
{place}[公安分局|派出所|边防支队|消防大队|武警支队|交警大队]
= org_party
{country}[人民|民主|进步|自由|社会|劳动|国民|公民][党|党|阵线|联盟|同盟]
[全国|人民|自由|新]{foreign_first}{foreign_last}[党|运动]
= org_police
{place}[市|县|区]公安局
{place}[派出所|公安分局|交警大队|刑警支队|边防支队]
"""
