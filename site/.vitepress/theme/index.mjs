import DefaultTheme from 'vitepress/theme-without-fonts'
import FeatureTable from './FeatureTable.vue'
import './style.css'

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('FeatureTable', FeatureTable)
  },
}
