module runbook.minikube/foreign

go 1.24.0
