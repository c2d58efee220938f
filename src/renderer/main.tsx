import './app.css'
import { App } from './app'
import { mountWindow } from './mount'

void mountWindow(<App />)
