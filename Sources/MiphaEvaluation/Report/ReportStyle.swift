/// The style sheet of the HTML report.
enum ReportStyle {
    static let sheet: StaticString = """
        :root{color-scheme:light dark;--paper:#fdfdfb;--ink:#1b1d21;--soft:#565c66;--rule:#d8d8d2;
        --faint:#f1f1ec;--own:#1d4f91;--bar:#6c95c7;--a:#a8480f;--b:#0b6b62;--c:#76408f;--warn:#8a1f2d;
        --serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif;
        --sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
        --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
        @media screen and (prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#e6e4df;--soft:#a4a9b2;
        --rule:#363a41;--faint:#1d2025;--own:#8db8f2;--bar:#44699a;--a:#f0a268;--b:#5fc7ba;--c:#cba4e4;
        --warn:#f29aa5}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
        body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 var(--serif)}
        header,main,footer{max-width:64rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
        header{padding-top:clamp(2rem,6vw,4rem)}footer{padding-bottom:4rem}
        h1,h2,h3,h4{line-height:1.2;font-weight:600;text-wrap:balance;overflow-wrap:anywhere}
        h1{font-size:clamp(1.9rem,5vw,2.9rem);margin:.2rem 0 .3rem;letter-spacing:-.01em}
        h2{font-size:1.5rem;margin:0 0 .4rem}h3{font-size:1.06rem;margin:2.2rem 0 .4rem}
        h4{font:600 .84rem/1.4 var(--sans);margin:0 0 .5rem}
        p.headline{font-family:var(--sans);margin:.2rem 0 .3rem;font-variant-numeric:tabular-nums}
        .headline data{font-size:1.7rem;font-weight:650;color:var(--own)}
        .headline .fine{display:inline;font-size:.86rem;margin-left:.8rem}
        p{max-width:44rem;overflow-wrap:anywhere}p,.meta{margin:.4rem 0 .9rem}
        .kicker,.meta,caption,figcaption,dt,th,td,nav,summary,.tag{font-family:var(--sans)}
        .kicker{font-size:.8rem;color:var(--soft);letter-spacing:.06em;margin:0}
        .meta{font-size:.86rem;color:var(--soft)}
        .byline{font-size:1.05rem;color:var(--soft);font-style:italic;margin:0 0 1.6rem}
        section{border-top:1px solid var(--rule);margin-top:3rem;padding-top:1.6rem}
        nav{font-size:.86rem;margin:1.4rem 0 0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem}
        a{color:var(--own);text-decoration-thickness:1px;text-underline-offset:.18em}
        a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--own);
        outline-offset:3px}
        dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));
        gap:0 2.5rem;margin:0;font-size:.87rem}
        dl.facts div{display:grid;grid-template-columns:9.5rem 1fr;gap:.8rem;padding:.34rem 0;
        border-bottom:1px solid var(--rule)}
        dt{color:var(--soft)}dd{margin:0;font-family:var(--sans);overflow-wrap:anywhere;
        font-variant-numeric:tabular-nums}
        .scroll{overflow-x:auto;margin:1rem 0 .6rem}
        table{border-collapse:collapse;width:100%;font-size:.87rem;line-height:1.4;
        font-variant-numeric:tabular-nums lining-nums}
        caption{text-align:left;color:var(--soft);font-size:.84rem;padding:0 0 .6rem}
        caption span{display:block;max-width:min(44rem,calc(100vw - 2.2rem))}
        th,td{padding:.42rem .8rem .42rem 0;text-align:left;vertical-align:baseline}
        thead th{font-weight:500;font-size:.8rem;color:var(--soft);border-top:1.5px solid var(--ink);
        border-bottom:1px solid var(--ink);vertical-align:bottom}
        tbody tr{border-bottom:1px solid var(--rule)}
        tbody tr:last-child{border-bottom:1.5px solid var(--ink)}
        tbody th{font-weight:500;overflow-wrap:break-word}
        th:last-child,td:last-child{padding-right:0}
        .num{text-align:right}td.num{white-space:nowrap}
        td.score{font-weight:650}.unit{color:var(--soft);font-weight:400;font-size:.8em}
        td.own,th.own{color:var(--own);font-weight:650}td.best{font-weight:700}
        tr.sub th{font-weight:400;color:var(--soft);padding-left:1rem}
        .fine{display:block;color:var(--soft);font-size:.92em;font-weight:400}
        .fine.thin{display:none}
        .nowrap{white-space:nowrap}td.bar{vertical-align:top;padding-top:.52rem}
        table.parts{table-layout:fixed}.parts th:nth-child(1){width:27%}
        .parts th:nth-child(n+3){width:12%}.parts th.wide{width:20%}.parts th.barcol{width:auto}
        .barcol{width:38%;min-width:7rem}.barcol.small{width:24%}
        th.barcol{padding-right:.8rem}
        .ends{display:flex;justify-content:space-between}
        .track{display:block;position:relative;height:1rem;background:linear-gradient(90deg,
        var(--rule) 1px,transparent 1px) 0 0/25% 100%;border-right:1px solid var(--rule)}
        .fill{position:absolute;left:0;top:.2rem;bottom:.2rem;background:var(--bar)}
        .whisker{position:absolute;top:.32rem;height:.36rem;border:solid var(--ink);
        border-width:0 1.5px;min-width:3px}
        .whisker::before{content:"";position:absolute;left:0;right:0;top:50%;margin-top:-.75px;
        border-top:1.5px solid var(--ink)}
        figure{margin:1.4rem 0 0}
        figcaption{font-size:.84rem;color:var(--soft);max-width:44rem;margin-top:.6rem}
        .plot{display:grid;grid-template-columns:minmax(0,1fr);gap:.5rem;justify-items:center}
        .plot svg{width:100%;max-width:40rem;height:auto;display:block}
        svg text{font-family:var(--sans);fill:var(--ink);font-size:12px;font-weight:600}
        svg text.soft{fill:var(--soft);font-size:10.5px;font-weight:400}
        svg .grid{stroke:var(--rule);fill:none}
        .s0{color:var(--own)}.s1{color:var(--a)}.s2{color:var(--b)}.s3{color:var(--c)}
        svg .line{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linejoin:round}
        svg .s0 .line{stroke-width:2.4}svg .area{fill:currentColor;fill-opacity:.1;stroke:none}
        svg .dot{fill:currentColor;stroke:var(--paper);stroke-width:1}
        .d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:9 3 2 3}
        ul.legend{list-style:none;margin:.2rem 0 0;padding:0;display:flex;flex-wrap:wrap;
        gap:.2rem 1.4rem;font:.84rem/1.6 var(--sans);justify-content:center}
        ul.legend svg{width:2rem;height:.75rem;display:inline-block;vertical-align:-1px;
        margin-right:.4rem}
        .pair{display:grid;grid-template-columns:minmax(5rem,13rem) minmax(0,1fr) 4.2rem;gap:.1rem .8rem;
        align-items:center;font:.84rem/1.5 var(--sans);font-variant-numeric:tabular-nums}
        .pair .fill{background:currentColor;opacity:.62}.pair .num{text-align:right}
        ol.cases{list-style:none;margin:1rem 0 0;padding:0;display:grid;gap:1.2rem 2.5rem;
        grid-template-columns:repeat(auto-fill,minmax(min(100%,25rem),1fr))}
        ol.cases>li{border-top:1px solid var(--rule);padding-top:.8rem;display:grid;
        grid-template-columns:8rem minmax(0,1fr);gap:1rem;break-inside:avoid;align-content:start}
        ol.cases>li.bare{grid-template-columns:minmax(0,1fr)}
        ol.cases img{width:100%;height:auto;max-height:12rem;object-fit:contain;
        object-position:left top;background:var(--faint)}
        .case{margin:0;font-size:.87rem;line-height:1.45}
        .case div{margin-bottom:.5rem}.case dt{font-size:.8rem}
        .said{font-family:var(--sans);white-space:pre-wrap;overflow-wrap:anywhere;
        unicode-bidi:isolate}
        .wrong{color:var(--warn)}.tag{color:var(--soft);font-size:.8rem;font-weight:400}
        .rest{color:var(--soft);font-style:italic;font-size:.92em}
        details{margin:1rem 0}summary{cursor:pointer;font-size:.9rem;color:var(--own);
        padding:.25rem 0;width:fit-content;max-width:100%}
        td.said{min-width:7rem;max-width:26rem}td .said{display:block}
        ul.notes{margin:.6rem 0;padding-left:1.1rem;font-size:.95rem;max-width:44rem}
        ul.notes li{overflow-wrap:anywhere;margin:.2rem 0}
        pre{font:.82rem/1.5 var(--mono);white-space:pre-wrap;overflow-wrap:anywhere;margin:.6rem 0 1rem;
        padding:.8rem 1rem;background:var(--faint);border-left:2px solid var(--rule)}
        code{font:.92em var(--mono);overflow-wrap:anywhere}td code{font-size:.74rem}
        @media(max-width:40rem){.wide{display:none}.fine.thin{display:block}
        svg text{font-size:14px}svg text.soft{font-size:12.5px}.parts th:nth-child(1){width:33%}
        .parts th:nth-child(n+3){width:28%}.parts th:last-child{width:14%}
        th,td{padding-right:.6rem}dl.facts div{grid-template-columns:7.5rem 1fr}
        .barcol{width:30%;min-width:4.5rem}section{margin-top:2.2rem}
        ol.cases>li{grid-template-columns:6rem minmax(0,1fr)}
        .pair{grid-template-columns:minmax(4rem,7rem) minmax(0,1fr) 3.6rem}
        table.models th:first-child{position:sticky;left:0;background:var(--paper)}}
        @media print{:root{--paper:#fff}body{font-size:9.5pt}section{break-inside:auto}
        h2,h3,caption{break-after:avoid}tr,figure,li{break-inside:avoid}nav{display:none}
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}.scroll{overflow:visible}}
        @media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
        """
}
