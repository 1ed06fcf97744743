import { render } from 'preact'
import './shell/style.css'

const place = document.getElementById('app')
if (place) render(<p>report</p>, place)
