export { CsvImportWorkflow } from './csv-import';
export { InventorySyncWorkflow } from './inventory-sync';
export { RetentionWorkflow, SweepWorkflow } from './sweep';
export { UnfulfillableOrderWorkflow } from './unfulfillable-order';
