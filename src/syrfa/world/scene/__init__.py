"""Where a clip happens: ground, light, weather, camera and sensor."""
