import {build,transform} from 'esbuild'; import {brotliCompressSync,constants} from 'node:zlib';
const br=s=>brotliCompressSync(Buffer.from(s),{params:{[constants.BROTLI_PARAM_QUALITY]:11}}).length;
const browser=process.argv[2]==='browser';
const conds=browser?['latchkey-source']:['node','latchkey-source'];
const entry=process.argv[3]??"export {createFetch} from './src/index.ts'";
const o={stdin:{contents:entry,resolveDir:'/work/main'},bundle:true,format:'esm',platform:browser?'browser':'neutral',target:'es2022',conditions:conds,mainFields:['module','main'],write:false,external:['node:*','@noble/hashes/*','ky'],outdir:'/tmp/o'};
const full=(await build({...o,minify:true})).outputFiles[0].text;
console.log('min',full.length,'brotli',br(full));
if(process.argv[4]) {
const r=(await build({...o,minifySyntax:true,minifyIdentifiers:true})).outputFiles[0].text;
const parts=r.split(/^(?=\/\/ )/m); const mini=[]; for(const p of parts){const t=await transform(p,{minifyWhitespace:true}).catch(()=>({code:p}));mini.push([p.split('\n')[0],t.code]);}
const all=mini.map(m=>m[1]).join(''); const tot=br(all); console.log('tot',tot);
const rows=mini.map(([n,c],i)=>[n,c.length,tot-br(mini.filter((_,j)=>j!==i).map(m=>m[1]).join(''))]).sort((a,b)=>b[2]-a[2]);
for(const [n,l,b] of rows) console.log(String(b).padStart(6),String(l).padStart(6),n);
}
if(process.env.OUT) (await import('node:fs')).writeFileSync(process.env.OUT,full);
