// The agent has Go, and Docker as the engine. Caches stay in its home folder.
pipeline {
    agent { label 'docker' }
    options {
        timeout(time: 1, unit: 'HOURS')
    }
    environment {
        DOCKER_HOST = 'unix:///var/run/docker.sock'
        GOTOOLCHAIN = 'auto'
    }
    stages {
        stage('check') {
            steps {
                sh 'go run ./ci check'
            }
        }
    }
    post {
        always {
            junit testResults: 'dist/*/junit.xml', allowEmptyResults: true
            archiveArtifacts artifacts: 'dist/**', allowEmptyArchive: true
        }
    }
}
