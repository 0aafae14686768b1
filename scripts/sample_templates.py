"""Sentence templates of the sample corpus, most of them (data only)."""

# The notation is that of `sample_names.RULES`.
# headline stands alone; core takes an opener before it, a tail behind it and a full stop;
# plain is a core without entities, lead_in an opener without any, claim what somebody says.
TEMPLATES = """
= headline
{per}[获奖|当选|辞职|病逝|夺冠|获释] {org}[招聘|道歉|更名|上市|破产]
{loc}[下雪了|大雨|停水|地震|通车] {loc_city}昨[降|迎来|下了]大[雪|雨] 本报记者{per_zh}
[新闻|特写|综述|评论]：{loc}[见闻|行|纪事|的春天]
{per_zh}[、{per_zh}|]（{org_paper}[记者|特约记者]） {loc_country}{score}{loc_country}
（[责任编辑|编辑|校对]：{per_zh}[、{per_zh}|]） [图为|图中为]{per}在{loc}[考察|演出|训练|写生]
{org_team}{score}[胜|负|平]{org_team} {per}：[做人要老实|我不后悔|路还很长|慢慢来]
近期好书：《{loc}的河》，{per}著 {loc_city}—{loc_city} [作者|摄影|译者]：{per}
[主办|承办|协办]单位：{org} 通讯地址：{address} 电话：{1001-9998}{1001-9998}，联系人：{per_zh}
{loc_province}{loc_city}{per_zh} {org}：{claim} {loc}{place_phrase} {per}{verb_phrase}
{org}{group_phrase} {loc_home}[入冬|进入雨季|开学|限电] {loc_country}{visitor}{verb_phrase}
= core
{time}，{loc_county}召开[全县|全区|]{field}工作会议，[县长|县委书记|常务副县长]
  {per_zh}[在会上作了报告|强调要把各项措施落到实处|主持会议]
{official}[说|表示|认为|指出|强调|透露]，{claim}
{official}[昨天|日前|近日|]对[本报|本刊|]记者[说|表示]：“{claim}。”
“{claim}。”{expert}[如是说|这样评价|笑着告诉记者|直言不讳]。
“{claim}，”{per}[说|补充道|回忆说]，“{claim}。”
{per}，[男|女]，{20-69}岁，{loc_home}人，[现任|曾任|历任]{org}[主任|顾问|经理|会计|秘书]
{per}{1911-1985}年生于{loc}，{year}[毕业于|考入]{org_univ}，[先后|后来]在{bodies}[工作|任职]
{loc_country}[总统|总理|外长]{per_foreign}[{time}|][抵达{loc}，开始|离开{loc}，结束]
  [为期{2-9}天的|]正式访问
{loc_country}和{loc_country}[{time}|]在{loc_abroad}签署了[一项|一份]{field}合作[协定|协议|备忘录]
{org_team}[{time}|]在{loc}以{score}[战胜|击败|不敌|负于]{org_team}，[继续|]排名第{2-16}
[后卫|中锋|小将|老将|门将]{per}[在第{2-89}分钟|]为{org_team}[攻入|打进|扳回]一球
{org_company}[{time}|]宣布，将投资{money}在{loc}[兴建|建设]一座{industry}[厂|基地]
{org_company}[的|]{3-9}00[余|多]名[职工|员工][今年|]人均增收{money}
{org_bank}[行长|副行长]{per}[在{loc}|]出席论坛时[指出|说]，{claim}
{loc_county}{loc_town}[农民|村民|果农|菜农|养殖户]{per_zh}[靠种植|承包了|改种]
  {3-99}亩[苹果|大棚蔬菜|药材|茶园]，[年收入达到{money}|日子越过越红火]
{org_police}[民警|队长|副所长]{per_zh}接到报警后[立即|马上|]赶到{loc_street}，
  [将嫌疑人抓获|救出了被困的老人]
{org_court}[{time}|]开庭审理了[这起|一起][诈骗|受贿|盗窃|侵权]案，
  被告人{per_zh}[被判处有期徒刑{2-15}年|当庭认罪|表示不上诉]
{org_paper}[{time}|][发表|刊登|刊出]{per}的[文章|署名文章|通讯]，[题目是|题为]《{claim}》
据{org_media}报道，{loc}[{time}|]发生[{3-7}.{1-9}级|][地震|强烈地震|泥石流]，[至少|]
  造成{count}人[受伤|死亡|失踪]
受[台风|强降雨|冷空气|沙尘暴]影响，{places}[等地|]的部分[航班|列车|公路]被迫[取消|停运|封闭]
{org_univ}[和|与|同]{org_institute}联合[成立|组建]了{field}[实验室|研究小组]，由{per}[教授|院士|]
  负责
{org_hospital}[为|给]来自{loc_town}的[患者|病人|儿童]{per_zh}做了[手术|心脏手术|全面检查]
[年仅|刚满]{6-19}岁的{per}[来自|出生在]{loc}，是{org_school}的[学生|一名高一学生]
从{loc_home}到{loc_home}的[公路|高速公路|铁路|客运专线][全长{count}公里，|]
  将于[明年|年底|{1-12}月]通车
{loc_water}[沿岸|上游|下游|流域]的{places}[等地|]近年来[水土流失严重|封山育林|关停了一批小造纸厂]
[会议由|仪式由|座谈会由]{org}[主任|主席|副主席|会长]{per}主持，{people}[等|等{count}人|]出席
[参加会见的有|出席开幕式的还有|在座的有]{people}[等|]
{people}[等同志|等人|]先后[发言|讲话|作了介绍]
{org}[、{org}|]和{org}[{time}|]联合[发出通知|下发文件|举办培训班]，要求[各地|各单位|有关部门]
  做好{field}工作
{per_zh}[的父亲|的母亲|的妻子|的女儿]是{loc_town}[的|]一名[小学教师|乡村医生|退伍老兵]
{org_world}[秘书长|总干事|主席]{per_foreign}呼吁[国际社会|各国]向{loc_country}[提供|增加]援助
{loc_country}[政府军|军方|警方][{time}|]在{loc_abroad}[附近|以北{11-98}公里处]与[反对派|武装分子]
  交火
{org_party}[领导人|主席|候选人]{per_foreign}在[选举|大选|投票]中[获胜|失利|以微弱优势领先]
[总导演|作曲家|指挥家|舞蹈家]{per}[率领|带领]{org_house}[赴|前往|到]{places}[演出|巡回演出|采风]
[电影|电视剧|话剧|纪录片]《{loc}[往事|来信|之夜]》由{per}[执导|编剧]，{people}主演
{org_institute}[研究员|副所长]{per}[等人|和同事们|]经过{3-19}年[研究|观测|试验]，发现{claim}
[现居|定居]{loc_abroad}的[华人作家|侨胞|企业家]{per}[向|给]{org_school}捐款{money}
{org_society}[授予|评选]{per}[等{count}人|]“[优秀教师|劳动模范|先进工作者]”称号
{loc}[地处|位于]{loc_region}[腹地|边缘|南部]，[素有“鱼米之乡”的美称|人口不足{count}|海拔{101-498
  0}米]
{loc_mid}的[群众|干部|老百姓]说，[{per_zh}|村支书{per_zh}]是[个好人|大家的贴心人|说到做到的人]
{per_zh}[走遍了|跑遍了]{places}，[行程上万公里|收集民歌{count}首|写下{count}万字的笔记]
[记者|笔者][从{org}|在{org}]了解到，[{loc}|][今年|上半年]{field}[投入|投资]同比[增长|下降]{pct}
[上半年|一季度|前{3-11}个月]，{loc}[进出口总额|工业产值|财政收入]达{money}，[同比|比上年]
  [增长|下降]{pct}
{org_ministry}[发言人|新闻司司长]{per_zh}[在例行记者会上|]就{loc_country}局势答记者问时[说|重申]，
  {claim}
[应|应邀]{org_ministry}邀请，{org_party}代表团[一行{3-19}人|][{time}|]抵[{loc}|达{loc}]
在{loc_spot}，[记者看到|人们发现]，[旅客|市民|工人们][排起了长队|正在加紧施工]，[负责人|现场指挥]
  {per_zh}[忙得满头大汗|一直没有离开]
{org_bureau}[对|给予]{org_company}[罚款|处以罚款]{money}，
  [并责令停产整顿|理由是污水直排{loc_water}]
[家住|住在]{loc_street}的[市民|居民|老人]{per_zh}[反映|来信说|打来电话]，{claim}
{org_school}[校长|班主任|教师]{per_zh}[每天|]把[路远的|离家远的]孩子[送过河|接到自己家里]
{org_team}[宣布|证实]，[前锋|主帅]{per_foreign}[将|]转会到{org_team}[，转会费为{money}|]
[世界冠军|奥运冠军|全国冠军]{per}[和|与]{per}[配对|搭档][夺得|获得][混双|双打]金牌
{org_company}[（{org_letters}）|(简称{org_letters})][首席执行官|总裁]{per_foreign}[将|]
  于{date}访问{loc}
[以|由]{per}为[首|团长]的{loc_country}[商务|议会|青年]代表团[参观了|访问了]{org}[和{loc_spot}|]
{org_house}[{time}|]展出了[画家|摄影家|书法家]{per}的[{count}幅|]作品
[工程师|技术员|青年工人]{per_zh}[在|到]{org_company}[工作了{3-39}年|当学徒时就爱琢磨]，
  [获{field}专利{2-19}项|年年被评为先进]
[{per}先生|{per}女士]是{org_company}[驻{loc}代表|的创始人之一|的法律顾问]
{loc_province}{loc_county}[{org_house}|]的{per_zh}[说起|谈到]{loc_water}，[眼里|]
  总是[充满感情|有说不完的话]
{org_committee}[{time}|]在{loc}[成立|举行会议]，{per}[当选为|任]主任，{people}[任|为]副主任
{loc_city}[市政府|交通部门|警方][决定|]从{date}起对{loc_street}[至{loc_street}路段|]
  实行[交通管制|封闭施工]
[探险家|登山队员|科考队员]{per}[{time}|]从{loc_abroad}出发，[徒步|驾车][穿越|翻越]了{loc_peak}
[发源于|源自]{loc_peak}的{loc_river}[流经|贯穿]{places}，[最后|]注入{loc_water}
{loc_country}与{loc_country}[接壤|隔海相望|边界谈判陷入僵局]，[双边贸易额|贸易额][去年|]达{money}
[原告|被告|证人]{per}[委托|聘请]的律师{per}[当庭提出|认为]，{claim}
[曾经|过去]在{org}[扛过枪|开过车|当过翻译]的{per}，[如今|现在]是{org}的[老总|掌门人|骨干]
{org_hospital}[和|、]{org_hospital}[的医生|的专家|]组成医疗队，[赴|奔赴]{loc}[灾区|山区]
  [义诊|救治伤员]
{official}[和|、]{official}[一起|共同][为|]{org}[揭牌|剪彩|题词]
[今年|{year}]，{org_univ}[录取|招收]的新生中，[来自{places}的|][女生|农村学生]占{pct}
[据统计|统计显示|数据显示]，{loc}共有[{field}企业|中小学|医院]{count}[家|所|个]，[从业人员|总人数]
  {count}
[老人|老红军|老艺人]{per_zh}[的故乡|的老家][在|是]{address}
信[寄|写]给[了|]{address}{org_local}，[收信人是|转交]{per_zh}
{org_society}[副会长|秘书长]、{org_univ}[教授|博士生导师]{per_zh}[认为|撰文指出]，{claim}
[由|经]{org_institute}[研制|开发|设计]的[新型|][疫苗|水稻品种|卫星|机器人]，[{time}|]
  在{loc}[试验成功|通过鉴定]
{per_foreign}[{time}|]在{loc_abroad}[举行的|]记者招待会上[宣布|否认|承认]，[{loc_country}|他]
  [将|已]退出谈判
[第{2-39}届|首届]{loc}[国际|][马拉松赛|电影节|博览会|茶文化节][{time}|]开幕，
  [{official}致开幕词|吸引了{count}名观众]
{org_team}队员{per}[在{loc}举行的|在][全国|世界][田径|游泳|举重]锦标赛上[打破|刷新]了[世界|全国]
  纪录
{per_three}{per_three}[组合|][苦战三局|直落两局][战胜|淘汰]了[对手|{loc_country}选手{per_foreign}]
{loc_country}{org_brand}[与|同]{org_company}[合资|合作]的项目[{time}|]在{loc}[奠基|签约|投产]
{loc_country}{org_brand}[在{loc}|][{adverb}|]{group_phrase}
{org}、{loc_country}{org_brand}[双双|同时]{group_phrase}
{loc_country}{per_foreign}[获|获得]第{2-8}名，{loc_country}{per_foreign}[列|排在]第{9-20}位
[海关|边检|检疫]人员在{loc_spot}[查获|截获]了一批[走私|假冒]{industry}产品，[货主|车主]
  是{loc_home}的{per_zh}
[货轮|渔船|客轮]在{loc_water}[触礁|失火|沉没]，[{count}名船员|船员全部]获救
{org_bank}[{time}|][下调|上调|公布]了[存款利率|基准利率]，[分析师{per}认为|业内人士说]，{claim}
[清晨|傍晚|深夜]，{loc_street}[上|两旁]的[小吃摊|店铺|路灯][亮了起来|热闹非凡]，
  {per_zh}[推着自行车|背着书包][匆匆|慢慢]走过
{per_zh}[带着|抱着]孩子从{loc_town}[赶到|来到]{org_hospital}，[挂了|]一个专家号[就|]花了{money}
[青年|女]作家{per_zh}的[长篇小说|散文集|新作]《{claim}》由{org_house}出版
{per}[告诉|对][记者|我们]{lately}[说|]，{claim}
[担任|出任]{org}[主席|总裁|主编]的{per}[今年|]已{60-89}岁，[仍然每天工作|精神很好]
{loc_abroad}[股市|市场|交易所][{time}|][收盘|开盘][上涨|下跌]{pct}，[{org_company}|]股价报{money}
[为了|为]支援{loc}[的建设|]，{per_zh}[放弃了|告别了]在{loc_city}的[工作|家]，
  [一干就是{11-39}年|举家西迁]
[有人问|记者问]{per}[为什么|]来{loc}，{per}[笑了笑说|回答]：“{claim}。”
[接替|取代]{per}[出任|担任]{org_team}主教练的是{loc_country}人{per_foreign}
{org_world}[总部|秘书处][设在|迁往]{loc_abroad}，[现有|]成员[国|]{count}个[，包括{places}|]
[失主|乘客]{per}把一面锦旗送到{org}，[感谢|夸奖][司机|保安]{per_zh}[拾金不昧|助人为乐]
[来稿|来信|稿件]请寄{address}{org_paper}编辑部，邮政编码{100001-859998}
{org}[主任|书记]{per_zh}、[副主任|副书记]{people}[等领导|]{time}[看望|慰问]了[老劳模|烈属]{per_zh}
[本案|此案]由{org_police}[立案侦查|侦破]，[{org_court}|法院][将|]于{date}宣判
[地方剧种|民间艺术|剪纸]在{places}[一带|等地]流传[甚广|了几百年]，[传人|老艺人]
  {per_zh}[收徒{count}人|至今仍在登台]
{org_univ}{discipline}学院[大三|大四|研究生]{per}[设计|发明]的[小车|台灯|机器人]
  在{loc}[获奖|引起关注]
{per_zh}[同志|][因病|因病医治无效][{date}|]在{loc_city}逝世，[终年|享年]{60-99}岁
[飞机|列车|大巴][驶离|离开]{loc_spot}，{per}[还在|一直][挥手|望着窗外]
{loc_home}[有个|出了个]{per_zh}，[会修钟表|能写会画|专治疑难杂症]，[远近闻名|找他的人排成队]
[驻扎在|地处]{loc_peak}的[某部|边防连]战士{per_zh}[三年没有回家|写信给母亲]
{org_company}[起诉|状告]{org_company}[侵犯|]商标权，[索赔{money}|{org_court}已受理]
{loc_river_side}[的|]一家[小店|饭馆]里，[店主|老板]{per_zh}[端上|煮了]一碗热面
{places}[等|]{3-19}[国|个地方]的代表[参加了|出席了]由{org}[主办|承办]的[{field}|]论坛
{org}[对此|][未作评论|表示遗憾|予以否认]，[而|但]{org}[发言人|]{per}[却说|则说]，{claim}
不管[高兴|愿意]不[高兴|愿意]，{per}都得[马上|立刻]去一趟{loc}
[王牌|黄金]时段播出的节目[请来了|采访了]{per}，[主持人|制片人]是{per}
{per}[没有|并不]生气，[白天|平时]照样到{org_house}[上班|排练]，[晚上|周末]去{loc_street}看望母亲
[这家医院|那所大学|该公司]的[前身|对面]是{org}，[{year}|后来]迁到{loc}
[县里|市里|省里]派来的[专家|干部]{per_zh}[住进了|到了]{loc_town}，[一住就是半年|挨家挨户了解情况]
江水[漫过|冲垮]了{loc_town}的[小桥|堤坝]，{per_zh}[和乡亲们|带着民兵][连夜|]转移了{count}人
{loc_city}的{places_local}[三地|等处]将[建|新建]一批[停车场|公共厕所|图书角]
[州长|市长|部长]们在{loc_abroad}[开了|举行了][三天|两天]会议，[只有|]{per_foreign}没有[出席|发言]
[有关部门|大学|医院]的[负责人|代表]参观了{org}，[对|]{per}的[发明|方案][很感兴趣|赞不绝口]
[全长|总长]{count}公里的{loc_spot}[工程|改造工程][{time}|]竣工，
  [总投资{money}|由{org_company}承建]
{org_house}[收藏的|新到的][古画|青铜器|手稿]，[据{expert}鉴定，|][出自{loc}|为{per_zh}所赠]
{per_foreign}（{loc_country}）[和|、]{per_foreign}（{loc_country}）[并列第{2-9}名|进入决赛]
[总部设在|位于]{loc_abroad}的{org_company}[日前|][裁员{count}人|公布了财务报告]，[亏损|盈利]
  {money}
在[地图|卫星照片]上，{loc}[像|就像][一片树叶|一只蝴蝶]，[{loc_water}从中间穿过|周围是{loc_region}]
据悉，{org}[准备|将][同|与]{org}[、{org}|][合并|联合办学|共建{field}基地]
[除了|除]{per}[之外|外]，[入选|获提名]的还有{per}（{org_team}）、{per}（{org_team}）
{per}[{adverb}|]{verb_phrase}
{per}[{adverb}|]{verb_phrase}，{happening}
{job}{per}[{adverb}|]{verb_phrase}
{happening}，{job}{per}{verb_phrase}
{happening}，{per}[{adverb}|]{verb_phrase}
{attribute}{per}[{adverb}|]{verb_phrase}
{attribute}{job}{per}[{adverb}|]{verb_phrase}，{someone}{verb_phrase}
{someone}[{adverb}|]{toward}{per}
{someone}[{adverb}|]{toward}{job}{per}，{happening}
{per}[{adverb}|]{toward}{per}[，{happening}|]
{per}[{adverb}|]{toward}{someone}，[并|还|然后]{verb_phrase}
{someone}{toward}了{people}[，{happening}|]
{org}[{adverb}|]{group_phrase}
{org}[{adverb}|]{group_phrase}，{org}[{adverb}|]{group_phrase}
{happening}，{org}[{adverb}|]{group_phrase}
{someone}[{adverb}|]{toward}{org}[，{happening}|]
{org}[{adverb}|]{toward}{per}[，{happening}|]
{org}的{someone}{verb_phrase}
{org}的{per}[{adverb}|]{verb_phrase}
{org}{job}{per}[{adverb}|]{verb_phrase}
{loc}{place_phrase}，{loc}{place_phrase}
{happening}，{loc}{place_phrase}
{someone}[{adverb}|]在{loc}{verb_phrase}
{per}[{adverb}|]在{loc}{verb_phrase}
{per}[{adverb}|][从|由]{loc}[赶|飞|逃|走]到{loc}，{happening}
{loc}[{job}|]{per}[{adverb}|]{verb_phrase}
{loc}的{per}[{adverb}|]{verb_phrase}，{loc}的{per}[{adverb}|]{verb_phrase}
[把|将]{per}[和{per}|][比作|误认为是|送到了]{loc}的{someone}
{someone}说{loc}{place_phrase}，[而|可]{org}{group_phrase}
{per}和{someone}[{adverb}|]{verb_phrase}
{someone}、{per}[与|和]{per}[{adverb}|]{verb_phrase}
{someone}[{adverb}|]{before_loc}{loc}[{about}|]
{someone}[{adverb}|]{before_loc}{loc}，{happening}
{per}[{adverb}|]{before_loc}{loc}[{about}|]，{happening}
{happening}，{per}[{adverb}|]{before_loc}{loc}
{job}{per}[{adverb}|]{before_loc}{loc}，{someone}[{before_loc}{loc}|{verb_phrase}]
{loc}{about}{place_phrase}
{loc}{about}，{someone}[{adverb}|]{verb_phrase}
{loc}{about}，{per}[{adverb}|]{verb_phrase}
{someone}[{adverb}|]{before_org}{org}[的{thing}|]
{someone}[{adverb}|]{before_org}{org}[的{thing}|]，{happening}
{per}[{adverb}|]{before_org}{org}[的{thing}|]，{verb_phrase}
{happening}，{job}{per}[{adverb}|]{before_org}{org}[的{thing}|]
{org}[{adverb}|]{before_org}{org}[的{thing}|]，{happening}
{org}的{thing}[不见了|早已公开|丢了|引起争议|被人取走]，{make}{someone}{refusal}
{per}{refusal}，{someone}{verb_phrase}
{job}{per}{refusal}[，{happening}|]
{org}的{per}{refusal}
{happening}，{per}{refusal}
{happening}，{make}{per}{verb_phrase}
{happening}，{make}{org}{group_phrase}
{someone}[{adverb}|]{make}{per}{verb_phrase}
{per}{make}{per}{verb_phrase}
{org}{make}{org}{group_phrase}，{happening}
{someone}被{per}{toward}，{happening}
{someone}被{org}{toward}，{happening}
[那|这]份{thing}{by}{per}[送给|交给|卖给|捐给|留给][了|]{org}
{someone}[{adverb}|]{before_per}{per}{verb_phrase}
{per}[{adverb}|]{before_per}{per}{verb_phrase}，{happening}
{org}[{adverb}|]{before_per}{per}{group_phrase}
{org}[{adverb}|]{before_per}{org}{group_phrase}，{happening}
{according}{org}的[规定|说法|安排|章程]，{someone}{verb_phrase}
{according}{per}的[回忆|说法|估计|遗愿]，{happening}
{according}{per}的[回忆|说法|估计]，{loc}{place_phrase}
{wish}{per}，{someone}[{adverb}|]{verb_phrase}
{wish}{org}，{happening}
{wish}{loc}，{per}[{adverb}|]{verb_phrase}
{wish}{loc}，{loc}{place_phrase}
[有|没有]{people}，[也|还]有{org}的{someone}
{per}、{per}[都|均|两人|一行][{adverb}|]{verb_phrase}
{per}（{org}）[、{per}（{org}）|][{adverb}|]{verb_phrase}
{org}[（{loc}）|]的{thing}[{adverb}|]{by}{someone}[拿走|弄丢|毁掉|抢走]了
[凡|凡是]{loc}的{someone}，[一律|都]{verb_phrase}
[从|由]{loc}到{loc}，{happening}，{someone}{verb_phrase}
尤其是{loc}，{place_phrase}，{someone}{verb_phrase}
{happening}，尤其是{per}[和{per}|]，{verb_phrase}
同{loc}[比较|相比]，{loc}{place_phrase}
{loc}同{loc}[一样|不同]，{place_phrase}
{per}同{per}[{adverb}|]{verb_phrase}
同{org}[一样|不同]，{org}[{adverb}|]{group_phrase}
{per}[没有|比]{someone}[高|细心|懂行|认真|乐观|有经验]，{happening}
{per}[没有|比]{per}[高|细心|懂行|认真|乐观|有经验]，{happening}
{org}[门外|楼下|上下|内外|大楼里|食堂里]，{happening}
{org}[上下|内外|门外|里外]{happening}，{someone}{verb_phrase}
{addressed}[{adverb}|]{verb_phrase}
{happening}，{addressed}[{adverb}|]{verb_phrase}
{someone}[{adverb}|]{before_per}{addressed}{verb_phrase}
{someone}[{adverb}|]{toward}{addressed}，{happening}
{loc_country}{visitor}[{adverb}|]{verb_phrase}
{loc_country}{visitor}[{adverb}|]{verb_phrase}，{loc_country}{place_phrase}
{loc}{visitor}[{adverb}|]{toward}{loc}{visitor}[，{happening}|]
{loc_country}{visitor}{per}[{adverb}|]{verb_phrase}
{loc_country}[政府|议会|警方|央行]{someone}{refusal}，{loc_country}{place_phrase}
[去|来|到达|路过]{loc}[以后|之前|的时候|途中]，{someone}{verb_phrase}
[去|来|到达|路过]{loc}[以后|之前|的时候|途中]，{per}[{adverb}|]{verb_phrase}
[若|如果|要是|倘若]{someone}[去|到]{loc}，[准|必定]会[看见|遇上]{per}
[若|如果|要是]{loc}{place_phrase}，{someone}{refusal}
{happening}，[令|叫|使|让]{someone}[吃惊|欢喜|着急]，{per}{refusal}
{per}[则|却|倒][高兴|平静|着急|沉着]地{verb_phrase}
[老|小|新]{job}{per}和{job}{per}[均|都|一同]{verb_phrase}
[这|那]天，{per}{verb_phrase}，{per}{verb_phrase}，{per}{verb_phrase}
{loc}、{loc}{place_phrase}，{loc}{place_phrase}
= loc_mid
{loc_home}
= lately
[不久前|昨天|当时|]
= loc_river_side
{loc_water}
= places_local
{loc_street}、{loc_spot}、{loc_county}
= opener
据{org_media}[报道|消息] 据{org_paper}[{date}|]报道 本报{loc_city}{1-12}月{1-28}日电
[日前|最近]，在{org}的[支持|帮助]下 [为|为了]{claim_short} 在{loc}
在{loc}举行的[新闻发布会|座谈会|表彰会]上 [根据|按照]{org}的[统计|规定|要求]
[经过|历经]{2-19}个月的[努力|筹备|谈判] [由于|因为][天气|资金|交通]原因
[令人高兴的是|让人没想到的是|值得一提的是] [早在|就在]{year} [与此同时|另外|此外]
[有消息说|据了解|据介绍] 去过{loc}的人都知道 [继|在]{org}之后 [从{loc}到{loc}|从{loc}归来后]
[当|当年]{per}[还是学生时|刚参加工作时] [受|应]{org}[委托|邀请] {per}说
[俗话说|常言道]，人往高处走；[如今|现在] 自{year}以来
= claim_short
方便[群众|居民|师生] [节约|保护]水资源 [搞好|加强]城市[管理|建设]
[提高|改进]{field}[管理|工作]水平
= tail
，[引起|受到]了[社会|各界|有关部门]的关注 ，[{official}|{expert}]对此表示[欢迎|满意|关切]
，[目前|]事故原因正在[调查|进一步调查]之中 ；[与此同时|此外]，{org}也[派人参加|表示支持]
（[记者|通讯员]{per_zh}[、{per_zh}|]） ，[这|据说这]在{loc}还是[第一次|头一回]
，[{loc}|当地]的[群众|居民][拍手叫好|议论纷纷] ，[而|但]{per}[没有到场|不这么看]
，[为此|]{org}[专门|][成立了工作小组|拨出{money}] ，[其中|包括]{loc}[{count}人|{count}家|占{pct}]
，[影响|消息]波及{places} ，[但是|不过][困难仍然不少|离目标还有距离]
，[预计|估计]{date}[可以|能够][完成|见到结果] ——[这是|这就是]{per}[给记者留下的印象|的心里话]
，[得知|听到]这个消息，{per}[高兴得一夜没睡|一句话也没说] ，[随后|然后][前往|去了]{loc}
，[令|让|使|叫]{per}[吃惊|欢喜|着急] ，[叫|令|让]{org}[十分为难|信誉扫地]
= plain
[高兴|激动]之余，[大家|同学们|乡亲们]也[感到|意识到][肩上的担子不轻|困难还很多]
[有关部门|主管部门|专家][提醒|建议]，[入冬以后|节日期间][出门|外出]要[注意安全|看好天气]
[这家医院|该医院|那所大学]的[食堂|图书馆|车库][马上|即将]就要[扩建|改造]了
[黄金|白银|石油]价格[{time}|][再次|][上涨|回落]，[每克|每桶][涨|跌]{2-19}元
[省钱|省力]的办法[当然|]不是没有，[关键是|就看][肯不肯想|舍不舍得下功夫]
[城市|乡村|社区]的[面貌|环境]变了，[人们|居民]的[观念|生活习惯]也[跟着变了|在变]
[海关|边检]手续[比过去|]简化了，[旅客|商人][平均|][只需等候|等候]{3-39}分钟
[公司|工厂|企业]要[发展|生存]，[就|]必须[重视|依靠][人才|科技|质量]
[白天|夜里][气温|最高气温]将[升到|降到]{2-39}度左右，[明天|后天][有雨|转晴]
[江水|河水|湖水][清清|慢慢]地[流着|上涨]，[岸边的|]柳树[已经|]发芽
[州长|市长|校长]不是[铁饭碗|终身制]，[干得不好|不称职]就[要下来|得让位]
[银行|证券|保险]业的[竞争|人才流动][越来越|日趋]激烈
[会议|代表们|与会者][认为|指出]，{claim}
[这|这些][问题|情况][不解决|得不到纠正]，{claim_short}就[是一句空话|无从谈起]
[本报讯|据介绍]，[今年|]全国[高校|小学]毕业生[预计|]达{count}人，[比去年|同比][增加|减少]{pct}
[请|敬请][读者|观众|各位]注意：[本|]周末[停电|停水|停办业务]
[你|您]知道[怎样|如何][辨别|挑选][水果|药品|电器]吗？
[真的|难道][没有|就没有]别的办法了吗？
[汽车|自行车|火车][在|沿着][山路|田野][上|间][颠簸|行驶]了{2-9}个小时
[老师|医生|院长][轻轻地|]推开[门|房门]，[屋里|里面][一个人也没有|静悄悄的]
[全市|全县|全省]共[完成|新增][造林|耕地]{count}亩，[占|完成]计划的{pct}
[一位|有位]不愿透露姓名的[局长|官员|经理][坦言|说]，{claim}
[过了|翻过][山|桥]，[就|便]能[看见|望见][一条小河|一片果园|那座古塔]
[孩子|学生]们[唱着|跳着]，[脸上|]洋溢着[幸福|喜悦]的[笑容|神情]
[方便面|石榴|白菜|龙眼]的[价格|销量][比上周|]{downup}了{pct}
[路|水|电]通了，[钱袋子|米袋子]鼓了，[村里|山里]人[笑了|有了盼头]
[第一|第二]，{claim}；[第二|其次]，{claim}
[他|她]说：“{claim}。”
[他|她]是[家里|班上]的[老大|独生子]，[从小|]就[爱|喜欢][画画|下棋|唱歌]
[研究|调查|实验]表明，[常|经常][喝茶|运动|熬夜]的人[得病|患病]的[可能性|比例][低|高]{pct}
[合同|协议]规定，[甲方|乙方]应[在{2-28}日内|][付款|交货|退还押金]
[电脑|手机]（[俗称|型号]{letter}{1-9}）的[用户|价格][突破|超过]{count}
GDP[增长|增幅]{pct}，CPI[上涨|回落]{pct}
[天|雨|雪][越下越大|快黑了]，[司机|工人]们[还在|仍然]抢修[道路|线路]
[毛衣|毛巾|皮鞋]、[雷管|雷达|秦腔]、[金属|白酒]……[什么都有|样样俱全]
[史学|法学|文学]界[对此|]一直[有争论|存在分歧]
[连|就连][小学生|老太太]也[知道|明白]，{claim}
[谢谢|多谢][大家|各位]！
[图书馆|体育馆|博物馆]里[座无虚席|人山人海]
[法院|检察院|银行][门口|外][停满了车|排起了长队]
[当然|毕竟]，{claim}
[粮食|煤炭|水泥]产量[{time}|]达{count}吨
[他们|我们][中|当中][有的|]是[局长|教授|工人]，[有的|]是[农民|学生|司机]
[曾经|过去]的[荒山|烂泥塘]，[如今|现在][花果飘香|变成了公园]
[投资|办厂]{money}，[三年|两年]{downup}不了本
{someone}[{adverb}|]{verb_phrase}
{someone}[{adverb}|]{verb_phrase}，{happening}
{happening}，{someone}[{adverb}|]{verb_phrase}
{happening}，{happening}，{someone}{toward}{someone}
{attribute}{someone}[{adverb}|]{verb_phrase}
[这家|那家|一家][公司|报社|银行|俱乐部|医院][{adverb}|]{group_phrase}
[山城|小镇|边境|海滨|首都]{place_phrase}[，{happening}|]
{job}们[{adverb}|]{verb_phrase}
{someone}[在|从][城里|江边|县里|山下|车站]{verb_phrase}
[大学|海关|工会|法院|部队][{adverb}|]{group_phrase}，{someone}{verb_phrase}
{happening}，{claim}
= downup
[上涨|下降|回|提高]
= lead_in
[据了解|据介绍|据统计] [近年来|长期以来|改革以来] [毫无疑问|一般来说|换句话说]
[随着|伴随着][生活水平的提高|人口的增长] [在|就在][江边|河边|城里|村口] [为了|为]{claim_short}
[由于|因为][天气|资金|管理]原因
= claim
[这项工作|这件事][关系到|直接影响]千家万户的[切身利益|生活]
[城市|乡镇]建设不能[只图好看|急于求成]
[县里|市里|村里|厂里]的困难是[暂时的|可以克服的]
[今年|明年]的[粮食|水果|蔬菜]产量有望[增长|提高]{pct}
[公司|工厂|医院]的管理水平[还有待提高|上了一个台阶]
省钱不等于省事，[关键|最要紧的]是把钱花在刀刃上
[越来越多|成千上万]的[年轻人|大学生]加入了进来
[水资源|耕地]不足已[成为|变成]制约[经济|社会]发展的主要因素
[谈判|改革|治理]是[长期|艰苦]的，[不可能|很难]一步到位
[双方|各方]应当[保持克制|回到谈判桌前]，[通过对话|和平]解决[争端|分歧]
[没有|离开了][群众|科技|制度]，[什么事|再好的计划]也[办不成|会落空]
[教育|科学|文化]的[投入|事]不能[省|等]
[王牌|名牌]是[干|闯]出来的，不是[吹|等]出来的
[马路|高楼]修得再[好|高]，[老百姓|群众]不[高兴|满意]也[不行|白搭]
[孩子|学生]的[安全|健康]比[什么都|分数]重要
[这种|这类][药品|食品|车辆]的[合格率|市场占有率][不足|超过]{pct}
[利率|油价|房价][可能|将][继续|][走高|下调]
[我|我们][这一辈子|从来]没[求|骗]过人
[法律|规则]面前[人人平等|没有例外]
[白天|夜里][下河|上山]、[晚上|白天]开会，[日子|时间]就这么过来了
[两国|两地]关系[正在|将会]得到[改善|加强]
[比赛|胜负]还没有结束，[谁也不能|不要][掉以轻心|轻言放弃]
[大学|医院|银行]不是[衙门|菜市场]
[金|银]钱买不来[健康|时间]
[方案|办法]是好的，[问题|难点]在于[落实|人手不够]
"""
