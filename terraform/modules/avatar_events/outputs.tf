output "queue_arn" {
  description = "ARN of the queue, known once the bucket may send to it."
  value       = aws_sqs_queue.this.arn
  depends_on  = [aws_sqs_queue_policy.this]
}

output "queue_url" {
  description = "URL of the queue, for `ROSTER_EVENTS_QUEUE_URL`."
  value       = aws_sqs_queue.this.url
}

output "dead_letters_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letters_url" {
  description = "URL of the dead-letter queue, for `ROSTER_DEAD_LETTERS_URL`."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letters_name" {
  description = "Name of the dead-letter queue, as a dimension of its metrics."
  value       = aws_sqs_queue.dead_letters.name
}

output "queue_name" {
  description = "Name of the queue, as a dimension of its metrics."
  value       = aws_sqs_queue.this.name
}
