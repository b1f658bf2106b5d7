"""Property management (物业管理): estates, homes and residents, repairs and work orders."""
