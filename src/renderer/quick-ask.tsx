import './app.css'
import { mountWindow } from './mount'
import { QuickAsk } from './quick-ask/panel'

void mountWindow(<QuickAsk />)
