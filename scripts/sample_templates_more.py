"""More sentence templates of the sample corpus (data only, as `sample_templates.py`)."""

MORE = """
= headline
{org}开除{count}名[职员|学员] {per}谈[读书|养生|理财] [走近|走进]{loc} [记者手记|编后]：{per_zh}
{loc_abroad}街头的[报亭|雕像] {job}{per}[返乡|认罪]
= core
[谁也没有料到|出人意料]，{org_team}会在自家门口[丢掉|输掉]这场球，[赛后|]{per}向球迷[鞠躬|道歉]
[新任|候任]{org}[负责人|总监]{per}[把|将]第一站选在了{loc}
{loc_home}[早市|夜市]上卖豆腐的{per_zh}[最近|]成了网上的[红人|新闻人物]
[借|趁]{loc}[旅游热|开放]的机会，{org_company}[一口气|]签下{count}份订单
{org_univ}[图书馆|校园]里有一块[石碑|铜牌]，上面刻着{people}的名字
[翻开|打开]{per}的[档案|日记]，[里面|]写满了{places}[这样的|等]地名
{org_court}认定，{org_company}[须|应]在{3-28}天内[偿还|归还]{org_bank}贷款{money}
[气象|水文]资料[表明|说明]，{loc_water}[的|]水位已[超过|接近]警戒线{1-3}.{1-9}米，
  {loc_county}[告急|启动预案]
{loc_country}[不会|无意][参加|加入]{org_world}的[行动|谈判]，[该国|]外交大臣{per_foreign}[日前|]
  表明态度
“{claim}！”{org_hospital}[值班|外科]的{per_zh}[对着电话说|站起身来]。
[翻译|向导]{per_other}带着我们[绕过|越过]{loc_peak}，[天黑前|]赶到了{loc_town}
[一封|两封]没有[签名|地址]的信[几经周折|]送到了{org_paper}，[信里|]揭发{per_zh}[挪用公款|弄虚作假]
{loc_street}[改造|拆迁]涉及{count}户，{org_bureau}的{per_zh}[一家家上门|天天上门]
[凭|靠着]一手[好字|绝活]，{per_zh}进了{org_house}
{org_institute}把[台站|观测点]建在了{loc_peak}和{loc_region}
[队伍|车队]一路向[西|北]，过{loc_town}、{loc_town}，[直奔|直抵]{loc_water}
[设计者|捐赠者]名叫{per_foreign}，[是|]{loc_abroad}人
{org_society}的账本[显示|上写着]，{per}[认捐|欠款]{money}
[离|距]{loc_spot}不远，就是{org_school}的[操场|老校区]，{claim}
{official}的一席话，[说得|让][大家|台下][直点头|沉默了]：{claim}
即使{someone}{verb_phrase}，{per}也[不为所动|坐得住]
{org}一面{group_phrase}，一面{group_phrase}
听说{loc}{place_phrase}，{someone}都[着了急|坐不住]
{per}刚[在{loc}|]{verb_phrase}，{someone}就{verb_phrase}
{org}的{thing}归{per}[管|保存]，{someone}{refusal}
{someone}问{per}，{org}[可曾|是否]{group_phrase}
{official}听说{loc}{place_phrase}
{loc}、{loc}，处处{place_phrase}
{job}{per}同{job}{per}一见面就{verb_phrase}
= opener
[眼看|转眼]{date}就要[到了|过去] [告别|离别]{loc}那天 [不光|不仅]{org}这么看 [说到|提起]{per}
[好在|所幸]有{org}[帮忙|牵线] [几经|经多方]周折
= tail
，[弄得|搞得]{org}[十分被动|没了办法] ，[身后|一旁]站着{per} ，[去|到]{loc}走一走便[知道|明白]
，[这让|这使]{per}[发了愁|放下心来] ，[总算|终于]有了[着落|说法]
= plain
[山水|田园]画[难画|好看]，[难|好]在[意境|留白]
[年关|麦收]将近，[集市|街]上[人|货]多了起来
[何况|再说]，[当|做]一个[院长|经理]也[没那么容易|并不轻松]
[牛奶|羊毛]、[钱包|钟表]，[统统|一件件]摆在[柜台|地摊]上
[县城|省城]里[办|开]了[几家|好些][书店|公司]，[生意|买卖][不错|一般]
[黄昏|正午]时分，[渡船|航船][靠了岸|缓缓离港]
[孙子|外孙]考上大学，[全家|老两口][乐坏了|忙前忙后]
[高层|平房]住户[用水|取暖]有了[保障|着落]
[哪里|何时][才能|能够][买到|找到][合适|便宜]的[房子|机票]？
= lead_in
[眼下|一时间] [说白了|坦率地讲] [放在|搁在]十年前
= claim
[再拖|拖]下去[病人|谁]也受不了
[账|话]要算[清楚|明白]
[路|水]是大家的，[谁|哪家]都[有份|不能独占]
[输了|赢了]也[不丢人|别张扬]
[等|靠]人家[施舍|帮忙]，[永远|一辈子]也[富不了|抬不起头]
= headline
{per}[遇刺|挂帅|离任|退役] {org}[换帅|搬新家|获捐{money}] [探访|快讯|关注]：{loc}
{loc}[开渔|下暴雨|入夏] [人物|对话]：{per}与他的[学生|三本书]
{per_foreign}将[不再|继续]执教{org_team} （[供稿|整理]：{per_zh}）
快讯：{loc_country}[军舰|客机]在{loc}[失事|迫降] [附|另附]名单：{people}
{org_company}[召回|停售]问题[汽车|奶粉] {official}[出庭|谢罪]
{loc_home}[一夜无眠|今冬少雪|将办灯会]
= core
[消防车|救护车][开进|驶入]{loc_street}时，{per_zh}[已经|还]被[压|困]在[楼下|屋里]
[上任|接手]不到[百日|一年]，{org_ministry}的{per}就[递交了辞呈|卷入一场官司]
[年过七十|头发全白]的{per_zh}[至今|]还记得，[当年|那年]{org_school}[只有三间草房|连黑板都买不起]
{loc_country}[议员|检察官]{per_foreign}[批评|指责]{org_party}[说话不算数|操纵选票]，[称|说]
  “{claim}”
[这桩|这笔]买卖让{org_company}[尝到了甜头|赔了本]，却[苦了|害了]{loc_town}的[菜农|果农]
{org_team}门将{per}两次[扑出|挡住]点球，[终于|]把{org_team}挡在了[四强|决赛]门外
[赶来|前来]送行的人群里，[有|站着]{people}，[也有|还有]{org}的[老同事|旧部]
[一场|一次]误会，[让|使]{per_zh}[同|与]{org_hospital}打了{2-9}年官司，[最后|]{org_court}判[她|他]
  胜诉
[拿着|带着]{org_univ}的[文凭|录取通知书]，{per_zh}[毅然|]回到{loc_town}[养猪|办起了农场]
{org_bank}[打算|拟]向{org_company}[注资|放贷]{money}，[{org_bureau}|上级]尚未[点头|批准]
[途经|前往]{loc_abroad}的[班机|油轮]上，[机长|船长]{per_foreign}[突然|]失去了联系
{loc_peak}[脚下|深处]，[世代|一直]居住着{count}户人家，[他们|村民们]赶一趟集要[走过|绕开]
  {loc_water}
[没等|不等]{per}[说完|坐稳]，{org_paper}的{per}[便|就][抢着|起身]发问：“{claim}？”
{loc}，[这座|一个]曾被[战火|洪水]毁掉的[小城|地方]，[正|]靠[石材|茶叶]起家
{org_world}[评出|公布]的[十大|百强]名单里，{loc_country}占[去|了]{2-9}席，
  {loc_country}[一个也没有|只有一席]
[谢绝|推掉]了{org}的[高薪|好意]，{expert}[悄悄|独自]去了{loc}
[凡|凡是]持有{org}[发放|签发]的[证件|卡片]的人，均可[免费|半价]游览{loc_spot}
[大火|枪声]惊动了[守卫|驻守]{loc_spot}的[士兵|哨兵]，[班长|排长]{per_zh}[第一个|带头]冲了上去
{org_institute}[培育|分离]出的[稻种|菌种]，[被|由]{per}带到{places}[试种|做对比]
[传言|盛传]{org_company}要[收购|吞并]{org_company}，[双方|两家]老总{per}、{per}[都|均]不承认
{per_zh}，[网名|笔名]“[过河卒|山里娃|白开水]”，是{org_house}的一名[保管员|清洁工]
[据|照]{per}[估算|推测]，[仅|单是]{loc}一地，[每年|一年]就要[烧掉|吃掉]{count}吨[标煤|大豆]
[雨|大风]中，{org_team}[艰难|惊险]地从{loc}[带走|抢回]{2-3}分，[客场|]球迷[唱遍|坐满]看台
{loc_home}人[爱吃|喜]辣，{loc_home}人[爱吃|喜]酸，[这|]和[水土|气候]不无关系
[涉案|在逃]的{per_zh}改名换姓逃到{address}，[仍|还是]被{org_police}[找到|认了出来]
{official}[承认|坦言]，[先前|此前]公布的数字有误，{claim}
{org_committee}[聘|请]{per_foreign}[当|做][荣誉|首席]顾问，[任期|聘期]{2-5}年
[积攒|收藏]了[大半辈子|十几年]的{count}册[旧书|手稿]，{per_zh}[一本不留|全部]捐给了{org_house}
[从|由]{loc_spot}[坐|乘][早班车|轻轨]，[一顿饭工夫|不到两个小时]就到{loc}，[票价|车费]{11-98}块
[比起|相比]{loc_region}，{loc_province}[的|][春天|雨季]来得[晚|早]些
[双打|接力]名单[临时|]换人：{per_three}{per_three}顶替{per}出战，对手[是|为]{loc_country}选手
{loc_country}{org_brand}[抢先|]推出[新款|平价]手机，[逼得|令]{org_company}[连夜|跟着]降价{pct}
[街坊|工友]们凑了{money}，[托|让]{per_zh}送到{org_hospital}，[躺在病床上的|卧床的]
  {per_zh}[流下了眼泪|握着大家的手]
[在押|获释]人员[乘坐|搭乘]专机[飞越|越过]{loc_water}，[降落|停]在{loc_abroad}[郊外|一处军用机场]
[联名|一同]上书的[学者|企业家]有{per}（{org_univ}）、{per}（{org_company}）[和{per}|]
“[别急|慢点儿]，”{per_zh}[扶|背]着[老伴|奶奶]，“{org}的人[说了|讲过]，{claim}。”
{org_media}[女主播|摄像师]{per}[含着泪|平静地]念完了[遇难者|伤者]名单
[有|还有]{count}[箱|吨]救灾[衣物|药品][停在|堵在]{loc_country}和{loc_country}[边境|交界处]，
  [带队|领队]的{per_foreign}[急得团团转|连声叹气]
[提前|如期]落成的[新馆|会堂]，一楼归{org_society}，二楼[归|给]{org_society}，[三楼|顶层]
  [空着|出租]
{org_univ}与{org_society}[翻脸|闹翻了]，[起因|原因]竟是{per}的一[句话|篇短文]
[谁|哪位]若去{loc}，[别忘了|记着]替我[看看|问候]{per_zh}[老师|大娘|老伯]
[油轮|货船]漏出的[原油|柴油]漂到了{loc_water}，[渔民|志愿者]{per}[说|抱怨]，{claim}
接到{org}[来函|急电]，{loc_county}[当夜|火速]派[青壮年|医生护士]赶往{loc_county}
就连{per}也{verb_phrase}，更不用说{someone}了
{org}{group_phrase}不久，{job}{per}便{verb_phrase}
只要{someone}还在，{loc}的{thing}就丢不了
{loc}和{loc}[虽然|尽管]同在{loc_region}，却一个[缺水|靠海]，一个[多雨|有煤]
[要不是|若没有]{per}[撑着|出面]，{org}[早就|或许已经]关门了
{per}，这位{job}，[如今|仍在]{verb_phrase}
{someone}说，{per}[那天|从来]{verb_phrase}
{official}[同|和]{official}[都|也都]{verb_phrase}
{org}内部[有人|]透露，{per}{refusal}
{loc}{place_phrase}的时候，{per}正{verb_phrase}
在{loc}，{org}[早已|还没有]{group_phrase}，{someone}{verb_phrase}
{people}等人[曾|都曾]{verb_phrase}
{per}一家[三口|五口]{before_loc}{loc}
[身为|作为]{org}的{job}，{per}{refusal}
{org}{group_phrase}的消息一出，{someone}{verb_phrase}
[听完|看完]{official}的[讲话|来信]，{someone}{verb_phrase}
{loc}{place_phrase}，{loc}却{place_phrase}
{per}的[儿子|女儿]{per}[在{org}|]{verb_phrase}
{happening}以后，{official}{verb_phrase}
{bodies}[都|一起]{group_phrase}
{places}[都|一向]{place_phrase}
[昔日|那时]的{job}{per}，今日{verb_phrase}
{address}的{someone}{verb_phrase}
{per}[比|不如]{per}[年轻|高大|着急]，{someone}{verb_phrase}
= opener
[时隔|相隔]{2-29}年 [照|按]{org}的说法 [回|返回]{loc}的路上 [谈起|一提]{per} [除去|扣除]成本
[更|尤其]让{per}[伤心|高兴]的是 [凌晨|午后]的{loc} [不料|没成想] [打那以后|从此]
= tail
，[令|叫]{org}[左右为难|大伤脑筋] ，[陪在|守在]身边的是{per} ，[消息|风声]很快传到{loc}
，{expert}[摇头|苦笑]：[难|不好办] ，[引得|使得][邻居|同行]纷纷[羡慕|效法]
，[缺口|差额]约{money}，[由|拟由]{org}[负担|补齐]
，[至于|后来]{loc}[怎样|如何]，[没有人知道|就没有下文了]
= plain
[山高路远|雪大坡陡]，[马|车][走|开]得[很慢|不快]
[钱|米]不多，[可|但]那是[全校|全厂]师傅们的[心意|血汗]
[王冠|石碑|铜像]上的[花纹|裂缝][清晰可见|不太显眼]
[逛|走]完[庙会|花市]，[口袋|身上]里只剩下{3-29}块钱
[别|千万别]小看[一滴水|一度电]，[积少成多|日子长了]就是一大笔[账|开销]
[谁家|家家]没有[老人|孩子]？[将心比心|换位想想]就[明白|懂]了
[某|另一]大学的[宿舍|餐厅]因[漏水|超员]被[通报|曝光]，[校长|院长]连夜[检讨|道歉]
[股民|散户]们[盯着|望着]大屏幕，[白忙|苦等]了[一上午|整整一周]
[秦俑|江米|任务|于是|安全]之类的[词|字眼]，[外语|口语]里[很难|不易]找到[对应|贴切]的说法
[局长|董事长]的[车|座位]也要[按号|依次]排，[没商量|谁也不例外]
[省道|国道]{101-380}线[塌方|结冰]，[绕行|被堵]车辆[估计有|约]{count}辆
[工会|公会|学会]到底[该管|管]什么，[大家|众人]心里[没底|有数]
[万一|要是][停了药|断了粮]，[后果|麻烦]可就大了
[毕业季|开学季]，[旧书|单车]摊前[问价|挑选]的[多半|大都]是[新面孔|女孩子]
[湖水|海水]退去，[露出|留下][一地|大片]的[贝壳|石头]
[金融|纺织]业[回暖|遇冷]，[订单|岗位]同期[多|少]了{pct}，[超出|低于]预期
[严打|严查]之下，[黑车|假药]少了，[可|只是][打车|看病]更[贵|难]了
[马到成功|高枕无忧|黄粱一梦]？[未必|想得美]！
= lead_in
[这么一来|到头来] [细细想来|老实讲] [论|要论][成本|口碑] [凌晨|中午]时分
= claim
[天塌下来|出了事][有|由]我[顶着|担着]
[账面|库里]上[一分钱|一粒粮]也[没剩|拿不出]
[凭什么|为何][好处|利益]都让[外人|大户]占了
[这盘棋|这步棋]，[输|赢]在[起手|收官]
[厂房|校舍]可以[拆|卖]，[人心|牌子]不能[散|丢]
[病毒|害虫]早晚会[变异|绝迹]，[用不着|不必]害怕
[牛市|熊市][来得快|去得急]，[散户|庄家][跑|躲]不掉
[哪怕|就算][一分钱不剩|磨破嘴皮]，也要[讨|争]个公道
[院长|州长|经理]换了[三任|一个又一个]，[漏洞|旧账]还是[补不上|没人认]
[能|会]省则省，[该|当]花必花
"""

# Short sentences of shared phrases in an order that each part has to itself.
FRAMES = """
= train
{time}，{official}{verb_phrase}
{official}{time}{verb_phrase}
{expert}在{loc}{verb_phrase}
{expert}{adverb}{verb_phrase}
{loc_home}的{addressed}{verb_phrase}
{per}{verb_phrase}，{per}{verb_phrase}
{org}{time}{group_phrase}
{time}，{org}{group_phrase}
{org}{adverb}{group_phrase}，{official}{verb_phrase}
{loc}{place_phrase}，{loc}也{place_phrase}
{time}，{loc}{place_phrase}
{people}{time}在{loc}{verb_phrase}
{people}{adverb}{verb_phrase}
{official}和{expert}{verb_phrase}
{bodies}{time}{group_phrase}
{per}{verb_phrase}以后，{org}{group_phrase}
{org}的{per}{verb_phrase}
{loc}{place_phrase}，{org}{group_phrase}
{loc_country}{org_company}{time}{group_phrase}
{places}{place_phrase}
= dev
{expert}{verb_phrase}，{org}{time}{group_phrase}
{loc}{time}{place_phrase}，{per}{verb_phrase}
{org}{group_phrase}的时候，{official}{verb_phrase}
{time}在{loc}，{addressed}{verb_phrase}
{people}{verb_phrase}，{loc}{place_phrase}
{bodies}{adverb}{group_phrase}
= test
{per}、{expert}{time}{verb_phrase}
{org}{group_phrase}，{official}{adverb}{verb_phrase}
{time}，{loc}的{expert}{verb_phrase}
{official}{verb_phrase}，{loc}{place_phrase}
在{loc}，{people}{verb_phrase}
{org}{group_phrase}，{bodies}{time}{group_phrase}
{addressed}{adverb}在{loc}{verb_phrase}
{loc}{place_phrase}，{org}{adverb}{group_phrase}
{per}{time}{verb_phrase}，{visitor}{verb_phrase}
{loc}{time}{place_phrase}
"""
