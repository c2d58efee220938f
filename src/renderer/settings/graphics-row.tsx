import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Row } from './row'

/** The way back to the graphics chip; there only after Parley has begun to do without it. */
export function GraphicsRow() {
  const { t } = useTranslation()
  const [isOff, setOff] = useState(false)
  useEffect(() => {
    void window.parley.request['app.isGraphicsOff']().then((answer) => setOff(answer.ok && answer.value))
  }, [])
  if (!isOff) return null
  return (
    <Row name={t('settings:general.graphics')} help={t('settings:general.graphicsHelp')}>
      <Button onClick={() => void window.parley.request['app.useGraphics']()}>{t('desktop:graphics.again')}</Button>
    </Row>
  )
}
