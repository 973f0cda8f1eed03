/** Source and detail-type of our own messages. */
export const ownSource = 'ecs-steward';
export const admitType = 'Admit';
export const lookType = 'Look';
export const interruptionType = 'Interruption';
