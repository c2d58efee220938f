import { Download } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ExportFormat } from '../../shared/contract'
import { MenuItem, Submenu } from '../controls/menu'
import { showToast } from '../controls/toast'
import { tellError } from '../controls/tell-error'

const FORMATS: readonly ExportFormat[] = ['markdown', 'html', 'json', 'pdf']

/** Exports a chat: main asks where the file shall lie. */
export function useExport(conversationId: string): (format: ExportFormat) => Promise<void> {
  return async (format) => {
    const result = await window.parley.request['conversation.export']({ conversationId, format })
    if (!result.ok) tellError(result.error)
    else if (result.value !== null) {
      const { fileName, fileId } = result.value
      showToast({
        text: (say) => say('transfer:export.saved', { file: fileName }),
        action: {
          label: (say) => say('transfer:export.show'),
          run: () => void window.parley.request['transfer.showFile']({ fileId }),
        },
      })
    }
  }
}

/** Export ▸ of a chat's menus. */
export function ExportMenu({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const save = useExport(conversationId)
  return (
    <Submenu icon={Download} label={t('transfer:export.title')}>
      {FORMATS.map((format) => (
        <MenuItem key={format} onSelect={() => void save(format)}>
          {t(`transfer:export.${format}`)}
        </MenuItem>
      ))}
    </Submenu>
  )
}
