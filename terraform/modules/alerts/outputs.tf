output "topic_arn" {
  description = "ARN of the topic, for alarms."
  value       = aws_sns_topic.this.arn
}
