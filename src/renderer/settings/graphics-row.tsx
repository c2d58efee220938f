import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Row } from './row'

/** Whether the graphics chip draws, and the way back to it after Parley has begun to do without. */
export function GraphicsRow() {
  const { t } = useTranslation()
  const [isOff, setOff] = useState<boolean | null>(null)
  useEffect(() => {
    void window.parley.request['app.isGraphicsOff']().then((answer) => setOff(answer.ok ? answer.value : null))
  }, [])
  if (isOff === null) return null
  if (!isOff) {
    return (
      <Row name={t('settings:general.graphics')}>
        <span className="text-ui text-ink-2">{t('settings:general.graphicsUsed')}</span>
      </Row>
    )
  }
  return (
    <Row name={t('settings:general.graphics')} help={t('settings:general.graphicsHelp')}>
      <Button onClick={() => void window.parley.request['app.useGraphics']()}>{t('desktop:graphics.again')}</Button>
    </Row>
  )
}
