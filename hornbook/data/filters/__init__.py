"""What makes an organic document unfit (report §2.3), one idea a file. Each says what it drops and why."""
