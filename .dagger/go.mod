module dagger/bodkin

go 1.26.1
